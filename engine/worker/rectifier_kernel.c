/* The hidden layers of a perceptron with rectifiers, forward and backward: the operations of perceptron.py in its order,
 * so the same bits, in one call that needs no interpreter. Matrices are row by row; weights are (outputs, inputs).
 * The products are those of the BLAS library that NumPy brings. */
#include <stdint.h>

typedef void (*sgemm_t)(int order, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                        const float *a, int64_t a_stride, const float *b, int64_t b_stride, float beta, float *c,
                        int64_t c_stride);

typedef void (*sgemv_t)(int order, int transpose, int64_t m, int64_t n, float alpha, const float *a, int64_t a_stride,
                        const float *x, int64_t x_step, float beta, float *y, int64_t y_step);

enum { ROW_BY_ROW = 101, COLUMN_BY_COLUMN = 102, AS_IS = 111, TRANSPOSED = 112 };

/* values[l] (num_rows, sizes[l + 1]) = max(0, values[l - 1] weights[l]' + biases[l]); before the first are the inputs. */
void forward(sgemm_t sgemm, int64_t num_layers, const int64_t *sizes, int64_t num_rows, const float *inputs,
             const float *const *weights, const float *const *biases, float *const *values)
{
    for (int64_t layer = 0; layer < num_layers; layer++) {
        const int64_t num_inputs = sizes[layer], num_outputs = sizes[layer + 1];
        const float *bias = biases[layer];
        sgemm(ROW_BY_ROW, AS_IS, TRANSPOSED, num_rows, num_outputs, num_inputs, 1.0f, inputs, num_inputs, weights[layer],
              num_inputs, 0.0f, values[layer], num_outputs);
        for (int64_t row = 0; row < num_rows; row++) {
            float *now = values[layer] + row * num_outputs;
            for (int64_t unit = 0; unit < num_outputs; unit++) {
                const float value = now[unit] + bias[unit];
                now[unit] = value < 0.0f ? 0.0f : value;
            }
        }
        inputs = values[layer];
    }
}

/* slopes[num_layers - 1] is the loss's derivative by the last layer; the other slopes are written on the way. */
void backward(sgemm_t sgemm, int64_t num_layers, const int64_t *sizes, int64_t num_rows, const float *inputs,
              const float *const *weights, const float *const *values, float *const *slopes,
              float *const *weight_gradients, float *const *bias_gradients)
{
    for (int64_t layer = num_layers - 1; layer >= 0; layer--) {
        const int64_t num_inputs = sizes[layer], num_outputs = sizes[layer + 1];
        const float *below = layer ? values[layer - 1] : inputs;
        float *slope = slopes[layer], *bias_gradient = bias_gradients[layer];
        for (int64_t index = 0; index < num_rows * num_outputs; index++)
            slope[index] *= values[layer][index] > 0.0f ? 1.0f : 0.0f;
        sgemm(ROW_BY_ROW, TRANSPOSED, AS_IS, num_outputs, num_inputs, num_rows, 1.0f, slope, num_outputs, below,
              num_inputs, 0.0f, weight_gradients[layer], num_inputs);
        for (int64_t unit = 0; unit < num_outputs; unit++)
            bias_gradient[unit] = slope[unit];
        for (int64_t row = 1; row < num_rows; row++)
            for (int64_t unit = 0; unit < num_outputs; unit++)
                bias_gradient[unit] += slope[row * num_outputs + unit];
        if (layer)
            sgemm(ROW_BY_ROW, AS_IS, AS_IS, num_rows, num_inputs, num_outputs, 1.0f, slope, num_outputs, weights[layer],
                  num_inputs, 0.0f, slopes[layer - 1], num_inputs);
    }
}

/* The same without gradients, for some rows of the values: slopes are those of the chosen rows, one after the other.
 * slopes[num_layers - 1] is the loss's derivative by the last layer, slopes[0] what is asked for. */
void descend(sgemm_t sgemm, int64_t num_layers, const int64_t *sizes, int64_t num_rows, const int64_t *rows,
             const float *const *weights, const float *const *values, float *const *slopes)
{
    for (int64_t layer = num_layers - 1; layer >= 0; layer--) {
        const int64_t num_inputs = sizes[layer], num_outputs = sizes[layer + 1];
        float *slope = slopes[layer];
        for (int64_t index = 0; index < num_rows; index++) {
            const float *value = values[layer] + rows[index] * num_outputs;
            float *now = slope + index * num_outputs;
            for (int64_t unit = 0; unit < num_outputs; unit++)
                now[unit] *= value[unit] > 0.0f ? 1.0f : 0.0f;
        }
        if (layer)
            sgemm(ROW_BY_ROW, AS_IS, AS_IS, num_rows, num_inputs, num_outputs, 1.0f, slope, num_outputs, weights[layer],
                  num_inputs, 0.0f, slopes[layer - 1], num_inputs);
    }
}

/* A whole step of least squares for a network with one output: errors (num_rows,) = outputs - targets, and the gradients
 * of a loss whose derivative by the outputs, by_outputs (num_rows,), is scale * errors; all but that of the last bias,
 * which is their sum. The last of weights and weight_gradients is the head's, (1, units). */
void regress(sgemm_t sgemm, int64_t num_layers, const int64_t *sizes, int64_t num_rows, const float *inputs,
             const float *const *weights, const float *const *biases, float *const *values, float *const *slopes,
             float *const *weight_gradients, float *const *bias_gradients, sgemv_t sgemv, const float *targets,
             float scale, float *errors, float *by_outputs)
{
    const int64_t units = sizes[num_layers];
    float *last = values[num_layers - 1], *slope = slopes[num_layers - 1];
    const float *head = weights[num_layers];
    forward(sgemm, num_layers, sizes, num_rows, inputs, weights, biases, values);
    sgemv(COLUMN_BY_COLUMN, TRANSPOSED, units, num_rows, 1.0f, last, units, head, 1, 0.0f, errors, 1);
    for (int64_t row = 0; row < num_rows; row++) {
        errors[row] = errors[row] + biases[num_layers][0] - targets[row];
        by_outputs[row] = scale * errors[row];
        for (int64_t unit = 0; unit < units; unit++)
            slope[row * units + unit] = by_outputs[row] * head[unit];
    }
    sgemv(ROW_BY_ROW, TRANSPOSED, num_rows, units, 1.0f, last, units, by_outputs, 1, 0.0f, weight_gradients[num_layers],
          1);
    backward(sgemm, num_layers, sizes, num_rows, inputs, weights, (const float *const *)values, slopes, weight_gradients,
             bias_gradients);
}
