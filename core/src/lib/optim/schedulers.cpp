// Learning-rate schedules, computed on the device so that a compiled training step can hold them.
#include "ferrule/optim/schedulers.h"

#include <fmt/format.h>

#include <cmath>

#include "ferrule/ops.h"

namespace ferrule::optim {

namespace {

array real(double value) { return array(value, float32); }

void require_positive(const char* op, const char* what, int value) {
  if (value < 1) {
    throw error(ErrorCode::invalid_argument, fmt::format("[{}] {}; got {}; expected at least 1", op, what, value));
  }
}

// The lesser of step and limit, exact before it becomes a float.
array clamped(const array& step, int limit) { return astype(minimum(step, array(limit, step.dtype())), float32); }

}  // namespace

Schedule exponential_decay(double init, double decay_rate) {
  return [=](const array& step) { return real(init) * power(real(decay_rate), astype(step, float32)); };
}

Schedule step_decay(double init, double decay_rate, int step_size) {
  require_positive("step_decay", "step_size", step_size);
  return [=](const array& step) {
    array decays = floor_divide(step, array(step_size, step.dtype()));
    return real(init) * power(real(decay_rate), astype(decays, float32));
  };
}

Schedule cosine_decay(double init, int decay_steps, double end) {
  require_positive("cosine_decay", "decay_steps", decay_steps);
  return [=](const array& step) {
    array decay = real(0.5) * (real(1.0) + cos(real(M_PI / decay_steps) * clamped(step, decay_steps)));
    return real(end) + decay * real(init - end);
  };
}

Schedule linear_schedule(double init, double end, int steps) {
  require_positive("linear_schedule", "steps", steps);
  return [=](const array& step) { return clamped(step, steps) * real((end - init) / steps) + real(init); };
}

Schedule join_schedules(std::vector<Schedule> schedules, std::vector<int> boundaries) {
  if (schedules.empty() || schedules.size() != boundaries.size() + 1) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[join_schedules] got {} schedules and {} boundaries; expected one boundary fewer than "
                            "schedules",
                            schedules.size(), boundaries.size()));
  }
  return [schedules = std::move(schedules), boundaries = std::move(boundaries)](const array& step) {
    array out = schedules[0](step);
    for (size_t i = 0; i < boundaries.size(); ++i) {
      array boundary(boundaries[i], step.dtype());
      // Before the boundary the difference wraps around or is negative; where() drops that branch.
      out = where(step < boundary, out, schedules[i + 1](step - boundary));
    }
    return out;
  };
}

}  // namespace ferrule::optim
