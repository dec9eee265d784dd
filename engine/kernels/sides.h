/* Two sides of one computation. Each runs on a thread of its own and waits for the other at each meeting; where BOTH run
 * on one thread, in turns, no number differs. */
#ifndef RLROBO_SIDES_H
#define RLROBO_SIDES_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { BOTH = 2 };
enum { NUM_SPINS = 4096 }; /* about 50 us, longer than sides differ; then the processor may be somebody else's */

struct meeting {
    _Atomic int64_t arrived[2]; /* how often each side has been there */
};

static inline void pause_spinning(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static inline void meet(struct meeting *meeting, int side)
{
    const int64_t number = atomic_fetch_add(&meeting->arrived[side], 1) + 1;
    for (int64_t spins = 0; atomic_load(&meeting->arrived[1 - side]) < number; spins++)
        if (spins < NUM_SPINS)
            pause_spinning();
        else
            sched_yield();
}

#endif
