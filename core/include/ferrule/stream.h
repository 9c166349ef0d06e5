// Streams are declared with devices.
#pragma once
#include "ferrule/device.h"
