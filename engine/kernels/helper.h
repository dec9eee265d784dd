/* A thread beside the caller's. It needs no interpreter, so it works while another thread holds the interpreter's lock, as
 * simulating does. One thread at a time may ask it. */
#ifndef RLROBO_HELPER_H
#define RLROBO_HELPER_H

/* A part of a computation: what a side, 0 or 1, does of it. */
typedef void (*errand_t)(void *whole, int side);

struct helper;

struct helper *open_helper(void); /* NULL where there can be no thread */
void ask(struct helper *helper, errand_t errand, void *whole);
void await(struct helper *helper);
void run_both(struct helper *helper, errand_t errand, void *whole);

#endif
