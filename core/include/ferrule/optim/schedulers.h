// Learning-rate schedules, as in mlx.optimizers: functions from the step (0-d, any integer dtype) to a 0-d float32.
#pragma once

#include <functional>
#include <vector>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule::optim {

using Schedule = std::function<array(const array& step)>;

Schedule exponential_decay(double init, double decay_rate);             // init * decay_rate^step
Schedule step_decay(double init, double decay_rate, int step_size);     // init * decay_rate^(step / step_size)
Schedule cosine_decay(double init, int decay_steps, double end = 0.0);  // constant after decay_steps
Schedule linear_schedule(double init, double end, int steps);           // constant after steps
// schedules[i + 1] takes over at boundaries[i] and sees the steps since then. Throws when the counts do not fit.
Schedule join_schedules(std::vector<Schedule> schedules, std::vector<int> boundaries);

}  // namespace ferrule::optim
#pragma GCC visibility pop
