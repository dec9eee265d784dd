/* What the gradient steps of SAC and TD3 have in common: critics that learn, each on a side of its own, and halves of a
 * minibatch, in which each side looks ahead and then differentiates by actions. */
#ifndef RLROBO_OFF_POLICY_H
#define RLROBO_OFF_POLICY_H

#include <stdatomic.h>

#include "adam.h"
#include "helper.h"
#include "network.h"

/* Rows of a replay buffer, (num_rows,) but the first three; inputs are observations and actions side by side. */
struct batch {
    float *observations, *inputs, *next_observations, *rewards, *discounts;
    float *targets; /* what the critics are to say */
    int64_t num_rows, observation_size, action_size;
};

/* The buffer, a row of floats for each transition: observations, actions, next observations, reward, whether the episode
 * is done and whether it timed out. */
struct replay {
    const float *rows;
    const int64_t *drawn; /* which rows a minibatch is of (num_rows,); NULL: the batch is there already */
    double gamma;
};

struct critic {
    struct network network;
    struct adam adam;
    float *target; /* the vector that follows adam.values */
    int64_t num_weights;
    float *errors, *by_outputs; /* room for a minibatch */
    double loss;
};

/* Critics as one side reads them, for its half or for a chunk, and room for that. */
struct reading {
    const struct network *critics, *targets;
    int64_t num_critics /* that actions are judged by */, num_targets;
    float *inputs, *actions, *by_actions, *values; /* of each row: the actions, and the smallest value that they have */
    float *by_some_actions;
    int64_t *which, *rows;
};

/* The actor's parameters; halves write a gradient each, target is NULL where nothing follows. */
struct actor_parameters {
    struct adam adam;
    const float *other_gradients;
    float *target;
    int64_t num_weights;
};

struct off_policy {
    struct batch batch;
    struct critic *critics;
    int64_t num_critics;
    struct reading halves[2];
    struct actor_parameters actor;
    double loss_scale, tau /* negative: targets stay */, actor_losses[2];
    struct replay replay;
    int64_t chunk_rows;         /* at most half a minibatch */
    _Atomic int64_t next_chunk; /* the first one that no side has taken */
};

/* Does what it is told for some rows, given which side's room it may use. */
typedef void (*for_rows_t)(void *whole, int side, int64_t first, int64_t num_rows);

int64_t first_row(const struct batch *batch, int side);
int64_t count_rows(const struct batch *batch, int side);
void for_chunks(struct off_policy *step, int side, for_rows_t for_rows, void *whole);
void judge(const struct off_policy *step, int side, int64_t num_rows, const float *observations, int64_t num_critics,
           const struct network *critics);
void differentiate_by_actions(const struct off_policy *step, int side, float by_values);
void teach_critics(struct off_policy *step, int side);
void teach_actor(struct off_policy *step, int side);

#endif
