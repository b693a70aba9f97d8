/* Asks one server from one socket and keeps the round trip of every answer.
   Usage: load PORT QUESTIONS SECONDS RATE WINDOW OUT
   QUESTIONS holds packets, each behind its length (2 bytes, this machine's order); they are asked in turn.
   RATE is questions per second; 0 asks as fast as WINDOW questions without an answer allow
   (one that stays without narrows it).
   OUT gets two 32-bit numbers for each answer: when it was taken, and its round trip, in microseconds and tenths.
   A round trip ends when the kernel has the answer: that this program waits for its processor is not the server's doing.
   Prints: when it began (monotonic clock, seconds), questions sent, answers, answers that are no success. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, PACKET_BYTES = 512, IDS = 65536, BUFFER_BYTES = 4 << 20 };
/* How long the last answers are waited for. */
static const uint64_t LAST_NS = 1000000000;

struct answer {
    uint32_t at_us, trip_tenth_us;
};

static unsigned char *questions, outgoing[BATCH][PACKET_BYTES], incoming[BATCH][PACKET_BYTES];
static size_t questions_bytes, next_question;
static struct iovec out_parts[BATCH], in_parts[BATCH];
static struct mmsghdr out_headers[BATCH], in_headers[BATCH];
static union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
} stamps[BATCH];
/* When each id was last sent, by the clock that the kernel stamps packets with; 0 if it is not waited for. */
static uint64_t sent_at[IDS];
static struct answer *answers;
static size_t answer_count, answer_room;
static uint64_t sent, failures, waiting;

static uint64_t ns(struct timespec time) {
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return ns(now);
}

/* When the kernel got what this header came with. */
static uint64_t came_ns(struct msghdr *header) {
    struct timespec came;
    struct cmsghdr *stamp = CMSG_FIRSTHDR(header);
    if (!stamp || stamp->cmsg_type != SCM_TIMESTAMPNS) return now_ns(CLOCK_REALTIME);
    memcpy(&came, CMSG_DATA(stamp), sizeof came);
    return ns(came);
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_questions(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    questions_bytes = ftell(file);
    rewind(file);
    questions = malloc(questions_bytes);
    if (fread(questions, 1, questions_bytes, file) != questions_bytes) fail(path);
    fclose(file);
}

static void ask(int server, int count) {
    for (int n = 0; n < count; n++) {
        uint16_t length;
        memcpy(&length, questions + next_question, 2);
        memcpy(outgoing[n], questions + next_question + 2, length);
        next_question = (next_question + 2 + length) % questions_bytes;
        uint16_t id = sent + n;
        memcpy(outgoing[n], &id, 2);
        out_parts[n].iov_len = length;
    }
    uint64_t now = now_ns(CLOCK_REALTIME);
    int done = sendmmsg(server, out_headers, count, 0);
    /* A question that the kernel does not take is a lost one. */
    if (done < count) done = count;
    for (int n = 0; n < done; n++) {
        uint64_t *slot = &sent_at[(uint16_t)(sent + n)];
        waiting += *slot == 0;
        *slot = now;
    }
    sent += done;
}

static int take_answers(int server, uint64_t began) {
    for (int n = 0; n < BATCH; n++) in_headers[n].msg_hdr.msg_controllen = sizeof stamps[n];
    int count = recvmmsg(server, in_headers, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = count > 0 ? now_ns(CLOCK_MONOTONIC) : 0;
    for (int n = 0; n < count; n++) {
        uint16_t id;
        memcpy(&id, incoming[n], 2);
        if (!sent_at[id]) continue;
        if (answer_count == answer_room) {
            answer_room = answer_room ? answer_room * 2 : 1 << 20;
            answers = realloc(answers, answer_room * sizeof *answers);
            if (!answers) fail("memory");
        }
        answers[answer_count++] = (struct answer){(now - began) / 1000, (came_ns(&in_headers[n].msg_hdr) - sent_at[id]) / 100};
        failures += (incoming[n][3] & 15) != 0;
        sent_at[id] = 0;
        waiting--;
    }
    return count;
}

int main(int count, char **arguments) {
    if (count != 7) return 2;
    read_questions(arguments[2]);
    uint64_t length_ns = atof(arguments[3]) * 1e9, window = atoi(arguments[5]);
    double rate = atof(arguments[4]);
    int server = socket(AF_INET, SOCK_DGRAM, 0), bytes = BUFFER_BYTES, yes = 1;
    setsockopt(server, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(server, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (setsockopt(server, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) fail("SO_TIMESTAMPNS");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(server, (struct sockaddr *)&address, sizeof address)) fail("connect");
    for (int n = 0; n < BATCH; n++) {
        out_parts[n] = (struct iovec){outgoing[n], 0};
        in_parts[n] = (struct iovec){incoming[n], PACKET_BYTES};
        out_headers[n].msg_hdr = (struct msghdr){.msg_iov = &out_parts[n], .msg_iovlen = 1};
        in_headers[n].msg_hdr = (struct msghdr){.msg_iov = &in_parts[n], .msg_iovlen = 1, .msg_control = &stamps[n]};
    }
    uint64_t began = now_ns(CLOCK_MONOTONIC), now, due;
    while ((now = now_ns(CLOCK_MONOTONIC)) - began < length_ns) {
        due = rate > 0 ? (uint64_t)((now - began) / 1e9 * rate) - sent : waiting < window ? window - waiting : 0;
        if (due) ask(server, due < BATCH ? due : BATCH);
        while (take_answers(server, began) == BATCH) continue;
    }
    while (waiting && now_ns(CLOCK_MONOTONIC) - now < LAST_NS) take_answers(server, began);
    printf("%.6f %lu %zu %lu\n", began / 1e9, sent, answer_count, failures);
    FILE *out = fopen(arguments[6], "wb");
    if (!out || fwrite(answers, sizeof *answers, answer_count, out) != answer_count || fclose(out)) fail(arguments[6]);
    return 0;
}
