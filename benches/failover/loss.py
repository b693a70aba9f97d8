"""Packets that get lost at random, and what servers make of it: answers that move though nothing is wrong."""

import time

from far import address

POLL_SECONDS = 0.2


def loss(bench, far, sights, groups, seconds):
    """By share of packets lost, in per cent, and by server: how often a name moved away."""
    for percent, numbers in groups.items():
        far.order("lose", percent, numbers[0], numbers[-1])
    everybody = [number for numbers in groups.values() for number in numbers]
    moved = {percent: dict.fromkeys((sight.name for sight in sights), 0) for percent in groups}
    percent_of = {number: percent for percent, numbers in groups.items() for number in numbers}
    at_home = {sight.name: dict.fromkeys(everybody, True) for sight in sights}
    end, told = time.monotonic() + seconds, 0
    while (now := time.monotonic()) < end:
        for sight in sights:
            for number, is_home in at_home[sight.name].items():
                sight.waiting[number] = (sight.spare if is_home else address(number), now, now)
            sight.ask(now)
        time.sleep(POLL_SECONDS)
        for sight in sights:
            for number in sight.hear():
                if at_home[sight.name][number]:
                    moved[percent_of[number]][sight.name] += 1
                at_home[sight.name][number] ^= True
            sight.waiting.clear()
        if (minutes := int(now - end + seconds) // 300) > told:
            told = minutes
            bench.say(f"after {told * 5} minutes of loss: {moved}")
    return moved
