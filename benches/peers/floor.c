/* The floor: receives, appends 16 bytes, sends. What it costs is what the kernel costs.
   Batches and socket options are those of src/server/mmsg.rs and src/server/sockets.rs. Usage: floor PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 32, PACKET_BYTES = 4096, ANSWER_BYTES = 16, BUFFER_BYTES = 4 << 20 };

static unsigned char packets[BATCH][PACKET_BYTES + ANSWER_BYTES];
static struct sockaddr_storage peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr headers[BATCH];

/* An address record whose owner is a pointer to the question's name. */
static const unsigned char answer[ANSWER_BYTES] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 10, 0, 0, 1};

static int option(int socket, int level, int name, int value) {
    return setsockopt(socket, level, name, &value, sizeof value);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    option(server, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
    option(server, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
    option(server, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    if (bind(server, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        return 1;
    }
    for (;;) {
        for (int n = 0; n < BATCH; n++) {
            parts[n] = (struct iovec){packets[n], PACKET_BYTES};
            headers[n].msg_hdr = (struct msghdr){.msg_name = &peers[n], .msg_namelen = sizeof peers[n],
                                                 .msg_iov = &parts[n], .msg_iovlen = 1};
        }
        int received = recvmmsg(server, headers, BATCH, MSG_WAITFORONE, NULL);
        for (int n = 0; n < received; n++) {
            unsigned length = headers[n].msg_len;
            packets[n][2] |= 0x84; /* QR and AA */
            packets[n][7] = 1;     /* one answer */
            memcpy(packets[n] + length, answer, ANSWER_BYTES);
            parts[n].iov_len = length + ANSWER_BYTES;
        }
        for (int next = 0; next < received;) {
            int sent = sendmmsg(server, headers + next, received - next, 0);
            next += sent > 0 ? sent : 1;
        }
    }
}
