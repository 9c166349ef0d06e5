// What the ops of several families demand of a call, written once for all backends: for calls that passed check_call.
// Every function returns nullptr when all is well, else the reason, written into `reason`. A backend that takes less says
// so itself.
#pragma once

#include "common/check.h"

namespace ferrule::plugin {

// gather, scatter, gather_axis, scatter_axis, masked_scatter.
const char* check_gather(const frl_call& call, std::span<char> reason);
const char* check_scatter(const frl_call& call, std::span<char> reason);
const char* check_gather_axis(const frl_call& call, std::span<char> reason);
const char* check_scatter_axis(const frl_call& call, std::span<char> reason);
const char* check_masked_scatter(const frl_call& call, std::span<char> reason);

// softmax, logsumexp; rms_norm has one parameter, layer_norm two, and their gradients are `gradient`.
const char* check_softmax(const frl_call& call, std::span<char> reason);
const char* check_logsumexp(const frl_call& call, std::span<char> reason);
const char* check_norm(const frl_call& call, uint32_t parameters, bool gradient, std::span<char> reason);

// reduce_* of inputs in `domain` (the output's dtype is the backend's to check), argmax and argmin, the scans.
const char* check_reduce(const frl_call& call, Domain domain, std::span<char> reason);
const char* check_arg_reduce(const frl_call& call, std::span<char> reason);
const char* check_scan(const frl_call& call, Domain domain, std::span<char> reason);

// sort and argsort; partition and argpartition; searchsorted.
const char* check_sort(const frl_call& call, bool indices, std::span<char> reason);
const char* check_partition(const frl_call& call, bool indices, std::span<char> reason);
const char* check_searchsorted(const frl_call& call, std::span<char> reason);

const char* check_fill(const frl_call& call, std::span<char> reason);
const char* check_arange(const frl_call& call, std::span<char> reason);
const char* check_pad(const frl_call& call, std::span<char> reason);
const char* check_random_bits(const frl_call& call, std::span<char> reason);

// out = a @ b, plus c where it is not nullptr.
const char* check_product(const frl_tensor* c, const frl_tensor& a, const frl_tensor& b, const frl_tensor& out,
                          std::span<char> reason);

}  // namespace ferrule::plugin
