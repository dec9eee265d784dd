#include "helper.h"

#include <pthread.h>
#include <stdlib.h>

#include "sides.h"

struct helper {
    pthread_mutex_t lock;
    pthread_cond_t has_changed;
    _Atomic int64_t num_asked, num_done;
    errand_t errand;
    void *whole;
};

/* Returns when a count has come to a number. Errands follow each other closely within a gradient step, so this looks for a
 * moment before it sleeps; between two steps, and on a busy machine, the processor is somebody else's. */
static void sleep_until(struct helper *helper, _Atomic int64_t *count, int64_t number)
{
    for (int64_t spins = 0; spins < NUM_SPINS; spins++) {
        if (atomic_load(count) >= number)
            return;
        pause_spinning();
    }
    pthread_mutex_lock(&helper->lock);
    while (atomic_load(count) < number)
        pthread_cond_wait(&helper->has_changed, &helper->lock);
    pthread_mutex_unlock(&helper->lock);
}

static void raise_count(struct helper *helper, _Atomic int64_t *count)
{
    pthread_mutex_lock(&helper->lock);
    atomic_fetch_add(count, 1);
    pthread_cond_signal(&helper->has_changed); /* only one of the two threads can be asleep */
    pthread_mutex_unlock(&helper->lock);
}

static void *work(void *argument)
{
    struct helper *helper = argument;
    for (int64_t number = 1;; number++) {
        sleep_until(helper, &helper->num_asked, number);
        helper->errand(helper->whole, 1);
        raise_count(helper, &helper->num_done);
    }
    return NULL;
}

struct helper *open_helper(void)
{
    struct helper *helper = calloc(1, sizeof *helper);
    pthread_t thread;
    if (!helper)
        return NULL;
    pthread_mutex_init(&helper->lock, NULL);
    pthread_cond_init(&helper->has_changed, NULL);
    if (pthread_create(&thread, NULL, work, helper)) {
        free(helper);
        return NULL;
    }
    pthread_detach(thread);
    return helper;
}

/* Lets the helper do side 1, as soon as it has done what it was asked for before. */
void ask(struct helper *helper, errand_t errand, void *whole)
{
    await(helper);
    helper->errand = errand;
    helper->whole = whole;
    raise_count(helper, &helper->num_asked);
}

/* Returns when the helper has done what it was asked for. */
void await(struct helper *helper)
{
    sleep_until(helper, &helper->num_done, atomic_load(&helper->num_asked));
}

/* Returns when both sides are done; without a helper the caller does both. */
void run_both(struct helper *helper, errand_t errand, void *whole)
{
    if (helper)
        ask(helper, errand, whole);
    errand(whole, 0);
    if (helper)
        await(helper);
    else
        errand(whole, 1);
}
