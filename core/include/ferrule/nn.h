// Neural networks: modules, layers, activations, losses, initialisers.
#pragma once

#include "ferrule/nn/activations.h"
#include "ferrule/nn/init.h"
#include "ferrule/nn/layers.h"
#include "ferrule/nn/losses.h"
#include "ferrule/nn/module.h"
