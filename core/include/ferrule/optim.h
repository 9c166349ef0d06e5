// Optimizers, schedules and the compiled training step.
#pragma once

#include "ferrule/optim/optimizer.h"
#include "ferrule/optim/optimizers.h"
#include "ferrule/optim/schedulers.h"
#include "ferrule/optim/train_step.h"
