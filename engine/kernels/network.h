/* A perceptron at fixed places in memory: hidden layers with an activation after each, then a head without one.
 * Matrices are row by row; weights are (outputs, inputs), as torch has them. */
#ifndef RLROBO_NETWORK_H
#define RLROBO_NETWORK_H

#include <stdint.h>

enum { ROW_BY_ROW = 101, COLUMN_BY_COLUMN = 102, AS_IS = 111, TRANSPOSED = 112 };
enum { TANH, RELU, ELU };

/* cblas_sgemm and cblas_sgemv of the BLAS library that NumPy brings, with 64-bit sizes. */
typedef void (*sgemm_t)(int order, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                        const float *a, int64_t a_stride, const float *b, int64_t b_stride, float beta, float *c,
                        int64_t c_stride);
typedef void (*sgemv_t)(int order, int transpose, int64_t m, int64_t n, float alpha, const float *a, int64_t a_stride,
                        const float *x, int64_t x_step, float beta, float *y, int64_t y_step);

/* Layers 0 .. num_hidden - 1 are hidden, layer num_hidden is the head. */
struct network {
    sgemm_t sgemm;
    sgemv_t sgemv;
    int64_t num_hidden, activation;
    const int64_t *sizes; /* num_hidden + 2: of the inputs, and of each layer */
    const float *const *weights, *const *biases;
    float *const *values;  /* what each layer gives (rows, units) */
    float *const *slopes;  /* the loss's derivatives by it */
    float *const *weight_gradients, *const *bias_gradients;
};

void forward(const struct network *network, int64_t num_rows, const float *inputs);
void backward(const struct network *network, int64_t num_rows, const float *inputs);
void descend(const struct network *network, int64_t num_rows, const int64_t *rows);
void regress(const struct network *network, int64_t num_rows, const float *inputs, const float *targets, float scale,
             float *errors, float *by_outputs);
const float *features(const struct network *network, const float *inputs);
float *evaluate(const struct network *network, int64_t num_rows, const float *inputs);
void differentiate_head(const struct network *network, int64_t num_rows, const float *inputs);
void differentiate(const struct network *network, int64_t num_rows, const float *inputs);

/* c (m, n) = op(a) op(b), with k terms in each sum. */
static inline void times(const struct network *network, int transpose_a, int transpose_b, int64_t m, int64_t n,
                         int64_t k, const float *a, const float *b, float *c)
{
    network->sgemm(ROW_BY_ROW, transpose_a, transpose_b, m, n, k, 1.0f, a, transpose_a == AS_IS ? k : m, b,
                   transpose_b == AS_IS ? n : k, 0.0f, c, n);
}

/* sums[unit] = the sum over the rows, in their order. */
static inline void sum_rows(int64_t num_rows, int64_t num_units, const float *restrict values, float *restrict sums)
{
    for (int64_t unit = 0; unit < num_units; unit++)
        sums[unit] = values[unit];
    for (int64_t row = 1; row < num_rows; row++)
        for (int64_t unit = 0; unit < num_units; unit++)
            sums[unit] += values[row * num_units + unit];
}

#endif
