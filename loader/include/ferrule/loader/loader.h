// Everything of the loader: discover the plugin files, choose one, open it.
#pragma once
#include "ferrule/loader/discovery.h"
#include "ferrule/loader/environment.h"
#include "ferrule/loader/error.h"
#include "ferrule/loader/host.h"
#include "ferrule/loader/log.h"
#include "ferrule/loader/manifest.h"
#include "ferrule/loader/plugin.h"
#include "ferrule/loader/selection.h"
