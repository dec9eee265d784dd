/* A perceptron forward and backward, each in one call that needs no interpreter. With rectifiers the operations are those
 * of perceptron.py in its order, so the bits are the same. */
#include "network.h"

#include "functions.h"

/* values (num_rows, num_units) += bias, then the activation. */
static void activate(int64_t activation, int64_t num_rows, int64_t num_units, const float *restrict bias,
                     float *restrict values)
{
    for (int64_t row = 0; row < num_rows; row++) {
        float *now = values + row * num_units;
        for (int64_t unit = 0; unit < num_units; unit++)
            now[unit] += bias[unit];
        if (activation == RELU)
            for (int64_t unit = 0; unit < num_units; unit++)
                now[unit] = now[unit] < 0.0f ? 0.0f : now[unit];
        else if (activation == TANH)
            for (int64_t unit = 0; unit < num_units; unit++)
                now[unit] = hyperbolic_tangent(now[unit]);
        else
            for (int64_t unit = 0; unit < num_units; unit++) {
                const float below = exponential_less_1(now[unit]);
                now[unit] = now[unit] < 0.0f ? below : now[unit];
            }
    }
}

/* slopes (num_values,) times the activation's derivative, given what it gave. */
static void deactivate(int64_t activation, int64_t num_values, const float *restrict values, float *restrict slopes)
{
    if (activation == RELU)
        for (int64_t index = 0; index < num_values; index++)
            slopes[index] *= values[index] > 0.0f ? 1.0f : 0.0f;
    else if (activation == TANH)
        for (int64_t index = 0; index < num_values; index++)
            slopes[index] *= 1.0f - values[index] * values[index];
    else
        for (int64_t index = 0; index < num_values; index++)
            slopes[index] *= values[index] < 0.0f ? values[index] + 1.0f : 1.0f;
}

/* Writes the values of the hidden layers for inputs (num_rows, sizes[0]). */
void forward(const struct network *network, int64_t num_rows, const float *inputs)
{
    for (int64_t layer = 0; layer < network->num_hidden; layer++) {
        const int64_t num_inputs = network->sizes[layer], num_outputs = network->sizes[layer + 1];
        float *values = network->values[layer];
        times(network, AS_IS, TRANSPOSED, num_rows, num_outputs, num_inputs, inputs, network->weights[layer], values);
        activate(network->activation, num_rows, num_outputs, network->biases[layer], values);
        inputs = values;
    }
}

/* Writes the gradients of the hidden layers, given the derivatives by the last one in its slopes; the other slopes are
 * written on the way. */
void backward(const struct network *network, int64_t num_rows, const float *inputs)
{
    for (int64_t layer = network->num_hidden - 1; layer >= 0; layer--) {
        const int64_t num_inputs = network->sizes[layer], num_outputs = network->sizes[layer + 1];
        float *slopes = network->slopes[layer];
        deactivate(network->activation, num_rows * num_outputs, network->values[layer], slopes);
        times(network, TRANSPOSED, AS_IS, num_outputs, num_inputs, num_rows, slopes,
              layer ? network->values[layer - 1] : inputs, network->weight_gradients[layer]);
        sum_rows(num_rows, num_outputs, slopes, network->bias_gradients[layer]);
        if (layer)
            times(network, AS_IS, AS_IS, num_rows, num_inputs, num_outputs, slopes, network->weights[layer],
                  network->slopes[layer - 1]);
    }
}

/* The same without gradients, for some rows of the values: slopes are those of the chosen rows, one after the other.
 * The derivatives by the last hidden layer are given, those by the first one are what is asked for. */
void descend(const struct network *network, int64_t num_rows, const int64_t *rows)
{
    for (int64_t layer = network->num_hidden - 1; layer >= 0; layer--) {
        const int64_t num_inputs = network->sizes[layer], num_outputs = network->sizes[layer + 1];
        float *slopes = network->slopes[layer];
        for (int64_t index = 0; index < num_rows; index++)
            deactivate(network->activation, num_outputs, network->values[layer] + rows[index] * num_outputs,
                       slopes + index * num_outputs);
        if (layer)
            times(network, AS_IS, AS_IS, num_rows, num_inputs, num_outputs, slopes, network->weights[layer],
                  network->slopes[layer - 1]);
    }
}

/* A whole step of least squares for a network with one output: errors (num_rows,) = outputs - targets, and the gradients
 * of a loss whose derivative by the outputs, by_outputs (num_rows,), is scale * errors; all but that of the head's bias,
 * which is their sum. */
void regress(const struct network *network, int64_t num_rows, const float *inputs, const float *targets, float scale,
             float *errors, float *by_outputs)
{
    const int64_t last = network->num_hidden, num_units = network->sizes[last];
    float *features = network->values[last - 1], *slopes = network->slopes[last - 1];
    const float *head = network->weights[last];
    forward(network, num_rows, inputs);
    network->sgemv(COLUMN_BY_COLUMN, TRANSPOSED, num_units, num_rows, 1.0f, features, num_units, head, 1, 0.0f, errors, 1);
    for (int64_t row = 0; row < num_rows; row++) {
        errors[row] = errors[row] + network->biases[last][0] - targets[row];
        by_outputs[row] = scale * errors[row];
        for (int64_t unit = 0; unit < num_units; unit++)
            slopes[row * num_units + unit] = by_outputs[row] * head[unit];
    }
    network->sgemv(ROW_BY_ROW, TRANSPOSED, num_rows, num_units, 1.0f, features, num_units, by_outputs, 1, 0.0f,
                   network->weight_gradients[last], 1);
    backward(network, num_rows, inputs);
}

/* Returns what the head reads. */
const float *features(const struct network *network, const float *inputs)
{
    return network->num_hidden ? network->values[network->num_hidden - 1] : inputs;
}

/* Writes all values for inputs (num_rows, sizes[0]); returns the outputs. */
float *evaluate(const struct network *network, int64_t num_rows, const float *inputs)
{
    const int64_t last = network->num_hidden, num_units = network->sizes[last], num_outputs = network->sizes[last + 1];
    float *outputs = network->values[last];
    forward(network, num_rows, inputs);
    times(network, AS_IS, TRANSPOSED, num_rows, num_outputs, num_units, features(network, inputs), network->weights[last],
          outputs);
    for (int64_t row = 0; row < num_rows; row++)
        for (int64_t unit = 0; unit < num_outputs; unit++)
            outputs[row * num_outputs + unit] += network->biases[last][unit];
    return outputs;
}

/* Writes the head's gradients and the derivatives by what it reads, given those by the outputs in its slopes. */
void differentiate_head(const struct network *network, int64_t num_rows, const float *inputs)
{
    const int64_t last = network->num_hidden, num_units = network->sizes[last], num_outputs = network->sizes[last + 1];
    const float *slopes = network->slopes[last], *head = network->weights[last];
    times(network, TRANSPOSED, AS_IS, num_outputs, num_units, num_rows, slopes, features(network, inputs),
          network->weight_gradients[last]);
    sum_rows(num_rows, num_outputs, slopes, network->bias_gradients[last]);
    if (!last)
        return;
    float *below = network->slopes[last - 1];
    if (num_outputs == 1) /* BLAS is slow where the sum has one term */
        for (int64_t row = 0; row < num_rows; row++)
            for (int64_t unit = 0; unit < num_units; unit++)
                below[row * num_units + unit] = slopes[row] * head[unit];
    else
        times(network, AS_IS, AS_IS, num_rows, num_units, num_outputs, slopes, head, below);
}

/* Writes all gradients, given the derivatives by the outputs. */
void differentiate(const struct network *network, int64_t num_rows, const float *inputs)
{
    differentiate_head(network, num_rows, inputs);
    backward(network, num_rows, inputs);
}
