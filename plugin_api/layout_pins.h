/* The layout of every public struct of ABI 1.0 on 64-bit machines. Included by a test that compiles it as C11 and
 * C++20: a line that fails is a break of the ABI, and is answered by changing the header back, never by changing the
 * line. A new minor appends its lines: the offset of each new field, and PIN_AT_LEAST where a struct grew at its end.
 */
#ifndef FERRULE_LAYOUT_PINS_H
#define FERRULE_LAYOUT_PINS_H
#include "ferrule/plugin_entry.h"

#ifdef __cplusplus
#define FRL_PIN_ASSERT static_assert
#else
#define FRL_PIN_ASSERT _Static_assert
#endif
/* SIZE: fixed within the major. AT_LEAST: grows at its end only. FIELD: never moves. */
#define PIN_SIZE(type, bytes) FRL_PIN_ASSERT(sizeof(type) == (bytes), "size of " #type)
#define PIN_AT_LEAST(type, bytes) FRL_PIN_ASSERT(sizeof(type) >= (bytes), "size of " #type)
#define PIN_FIELD(type, field, at) FRL_PIN_ASSERT(offsetof(type, field) == (at), #type "." #field)

#if UINTPTR_MAX == UINT64_MAX

PIN_FIELD(frl_arange_attrs, istart, 0);
PIN_FIELD(frl_arange_attrs, istep, 8);
PIN_FIELD(frl_arange_attrs, fstart, 16);
PIN_FIELD(frl_arange_attrs, fstep, 24);
PIN_SIZE(frl_arange_attrs, 32);

PIN_FIELD(frl_reduce_attrs, axes, 0);
PIN_FIELD(frl_reduce_attrs, reserved, 4);
PIN_SIZE(frl_reduce_attrs, 8);

PIN_FIELD(frl_axis_attrs, axis, 0);
PIN_FIELD(frl_axis_attrs, reserved, 4);
PIN_SIZE(frl_axis_attrs, 8);

PIN_FIELD(frl_addmm_attrs, alpha, 0);
PIN_FIELD(frl_addmm_attrs, beta, 4);
PIN_SIZE(frl_addmm_attrs, 8);

PIN_FIELD(frl_gather_attrs, n_axes, 0);
PIN_FIELD(frl_gather_attrs, axes, 4);
PIN_FIELD(frl_gather_attrs, reserved, 44);
PIN_FIELD(frl_gather_attrs, slice_sizes, 48);
PIN_SIZE(frl_gather_attrs, 128);

PIN_FIELD(frl_scatter_attrs, mode, 0);
PIN_FIELD(frl_scatter_attrs, n_axes, 4);
PIN_FIELD(frl_scatter_attrs, axes, 8);
PIN_SIZE(frl_scatter_attrs, 48);

PIN_FIELD(frl_scatter_axis_attrs, axis, 0);
PIN_FIELD(frl_scatter_axis_attrs, mode, 4);
PIN_SIZE(frl_scatter_axis_attrs, 8);

PIN_FIELD(frl_scan_attrs, axis, 0);
PIN_FIELD(frl_scan_attrs, reverse, 4);
PIN_FIELD(frl_scan_attrs, exclusive, 6);
PIN_SIZE(frl_scan_attrs, 8);

PIN_FIELD(frl_partition_attrs, axis, 0);
PIN_FIELD(frl_partition_attrs, reserved, 4);
PIN_FIELD(frl_partition_attrs, kth, 8);
PIN_SIZE(frl_partition_attrs, 16);

PIN_FIELD(frl_softmax_attrs, axis, 0);
PIN_FIELD(frl_softmax_attrs, precise, 4);
PIN_SIZE(frl_softmax_attrs, 8);

PIN_FIELD(frl_norm_attrs, eps, 0);
PIN_FIELD(frl_norm_attrs, reserved, 4);
PIN_SIZE(frl_norm_attrs, 8);

PIN_FIELD(frl_conv_attrs, n_spatial, 0);
PIN_FIELD(frl_conv_attrs, flip, 4);
PIN_FIELD(frl_conv_attrs, groups, 8);
PIN_FIELD(frl_conv_attrs, stride, 16);
PIN_FIELD(frl_conv_attrs, pad_lo, 40);
PIN_FIELD(frl_conv_attrs, pad_hi, 64);
PIN_FIELD(frl_conv_attrs, kernel_dilation, 88);
PIN_FIELD(frl_conv_attrs, input_dilation, 112);
PIN_SIZE(frl_conv_attrs, 136);

PIN_FIELD(frl_searchsorted_attrs, right, 0);
PIN_FIELD(frl_searchsorted_attrs, reserved, 4);
PIN_SIZE(frl_searchsorted_attrs, 8);

PIN_FIELD(frl_pad_attrs, low, 0);
PIN_FIELD(frl_pad_attrs, high, 80);
PIN_SIZE(frl_pad_attrs, 160);

PIN_FIELD(frl_rope_attrs, dims, 0);
PIN_FIELD(frl_rope_attrs, traditional, 8);
PIN_FIELD(frl_rope_attrs, forward, 12);
PIN_FIELD(frl_rope_attrs, base, 16);
PIN_FIELD(frl_rope_attrs, scale, 20);
PIN_SIZE(frl_rope_attrs, 24);

PIN_FIELD(frl_attention_attrs, scale, 0);
PIN_FIELD(frl_attention_attrs, causal, 4);
PIN_SIZE(frl_attention_attrs, 8);

PIN_FIELD(frl_quantize_attrs, group_size, 0);
PIN_FIELD(frl_quantize_attrs, bits, 4);
PIN_FIELD(frl_quantize_attrs, mode, 8);
PIN_FIELD(frl_quantize_attrs, reserved, 12);
PIN_SIZE(frl_quantize_attrs, 16);

PIN_FIELD(frl_quantized_matmul_attrs, group_size, 0);
PIN_FIELD(frl_quantized_matmul_attrs, bits, 4);
PIN_FIELD(frl_quantized_matmul_attrs, mode, 8);
PIN_FIELD(frl_quantized_matmul_attrs, transpose, 12);
PIN_SIZE(frl_quantized_matmul_attrs, 16);

PIN_FIELD(frl_gather_matmul_attrs, sorted_lhs, 0);
PIN_FIELD(frl_gather_matmul_attrs, sorted_rhs, 4);
PIN_SIZE(frl_gather_matmul_attrs, 8);

PIN_FIELD(frl_block_masked_matmul_attrs, block_size, 0);
PIN_FIELD(frl_block_masked_matmul_attrs, reserved, 4);
PIN_SIZE(frl_block_masked_matmul_attrs, 8);

PIN_FIELD(frl_fft_attrs, n_axes, 0);
PIN_FIELD(frl_fft_attrs, inverse, 4);
PIN_FIELD(frl_fft_attrs, axes, 8);
PIN_SIZE(frl_fft_attrs, 48);

PIN_FIELD(frl_hadamard_attrs, scale, 0);
PIN_FIELD(frl_hadamard_attrs, reserved, 4);
PIN_SIZE(frl_hadamard_attrs, 8);

PIN_FIELD(frl_factor_attrs, vectors, 0);
PIN_FIELD(frl_factor_attrs, upper, 4);
PIN_FIELD(frl_factor_attrs, triangular, 8);
PIN_FIELD(frl_factor_attrs, reserved, 12);
PIN_SIZE(frl_factor_attrs, 16);

PIN_FIELD(frl_error, struct_size, 0);
PIN_FIELD(frl_error, code, 4);
PIN_FIELD(frl_error, native_code, 8);
PIN_FIELD(frl_error, message, 16);
PIN_SIZE(frl_error, 512);

PIN_FIELD(frl_chain, struct_size, 0);
PIN_FIELD(frl_chain, flags, 4);
PIN_FIELD(frl_chain, name, 8);
PIN_FIELD(frl_chain, next, 16);
PIN_AT_LEAST(frl_chain, 24);

PIN_FIELD(frl_tensor, buffer, 0);
PIN_FIELD(frl_tensor, byte_offset, 8);
PIN_FIELD(frl_tensor, dtype, 16);
PIN_FIELD(frl_tensor, ndim, 20);
PIN_FIELD(frl_tensor, flags, 22);
PIN_FIELD(frl_tensor, shape, 24);
PIN_FIELD(frl_tensor, strides, 104);
PIN_FIELD(frl_tensor, value, 184);
PIN_FIELD(frl_tensor, reserved, 200);
PIN_SIZE(frl_tensor, 216);

PIN_FIELD(frl_call, inputs, 0);
PIN_FIELD(frl_call, outputs, 8);
PIN_FIELD(frl_call, n_inputs, 16);
PIN_FIELD(frl_call, n_outputs, 18);
PIN_FIELD(frl_call, math, 20);
PIN_FIELD(frl_call, attrs, 24);
PIN_FIELD(frl_call, attrs_size, 32);
PIN_FIELD(frl_call, reserved0, 36);
PIN_FIELD(frl_call, scratch, 40);
PIN_FIELD(frl_call, scratch_offset, 48);
PIN_FIELD(frl_call, scratch_bytes, 56);
PIN_FIELD(frl_call, reserved, 64);
PIN_SIZE(frl_call, 80);

PIN_FIELD(frl_requirements, struct_size, 0);
PIN_FIELD(frl_requirements, support, 4);
PIN_FIELD(frl_requirements, next, 8);
PIN_FIELD(frl_requirements, depends, 16);
PIN_FIELD(frl_requirements, contiguous_inputs, 20);
PIN_FIELD(frl_requirements, aligned_inputs, 24);
PIN_FIELD(frl_requirements, inline_ok, 28);
PIN_FIELD(frl_requirements, reuse_input_for_output, 32);
PIN_FIELD(frl_requirements, out_strided_ok, 36);
PIN_FIELD(frl_requirements, scratch_bytes, 40);
PIN_FIELD(frl_requirements, plan, 48);
PIN_AT_LEAST(frl_requirements, 56);

PIN_FIELD(frl_device_info, struct_size, 0);
PIN_FIELD(frl_device_info, flags, 4);
PIN_FIELD(frl_device_info, next, 8);
PIN_FIELD(frl_device_info, name, 16);
PIN_FIELD(frl_device_info, architecture, 144);
PIN_FIELD(frl_device_info, uuid, 176);
PIN_FIELD(frl_device_info, memory_total, 216);
PIN_FIELD(frl_device_info, largest_buffer, 224);
PIN_FIELD(frl_device_info, buffer_alignment, 232);
PIN_FIELD(frl_device_info, offset_alignment, 236);
PIN_FIELD(frl_device_info, memory_kinds, 240);
PIN_FIELD(frl_device_info, warp_width, 244);
PIN_FIELD(frl_device_info, overlap_bytes, 248);
PIN_AT_LEAST(frl_device_info, 256);

PIN_FIELD(frl_device_api, struct_size, 0);
PIN_FIELD(frl_device_api, reserved, 4);
PIN_FIELD(frl_device_api, buffer_alloc, 8);
PIN_FIELD(frl_device_api, buffer_free, 16);
PIN_FIELD(frl_device_api, buffer_map, 24);
PIN_FIELD(frl_device_api, buffer_unmap, 32);
PIN_FIELD(frl_device_api, memory_info, 40);
PIN_FIELD(frl_device_api, device_trim, 48);
PIN_FIELD(frl_device_api, stream_create, 56);
PIN_FIELD(frl_device_api, stream_destroy, 64);
PIN_FIELD(frl_device_api, stream_flush, 72);
PIN_FIELD(frl_device_api, stream_wait_event, 80);
PIN_FIELD(frl_device_api, event_create, 88);
PIN_FIELD(frl_device_api, event_destroy, 96);
PIN_FIELD(frl_device_api, event_record, 104);
PIN_FIELD(frl_device_api, event_query, 112);
PIN_FIELD(frl_device_api, event_wait, 120);
PIN_FIELD(frl_device_api, event_elapsed, 128);
PIN_FIELD(frl_device_api, event_on_done, 136);
PIN_FIELD(frl_device_api, copy_in, 144);
PIN_FIELD(frl_device_api, copy_out, 152);
PIN_FIELD(frl_device_api, copy, 160);
PIN_FIELD(frl_device_api, fill, 168);
PIN_FIELD(frl_device_api, kernel_find, 176);
PIN_FIELD(frl_device_api, kernel_query, 184);
PIN_FIELD(frl_device_api, kernel_launch, 192);
PIN_FIELD(frl_device_api, kernel_prepare, 200);
PIN_FIELD(frl_device_api, plan_release, 208);
PIN_FIELD(frl_device_api, device_extension, 216);
PIN_AT_LEAST(frl_device_api, 224);

PIN_FIELD(frl_host_api, struct_size, 0);
PIN_FIELD(frl_host_api, abi_minor, 4);
PIN_FIELD(frl_host_api, log, 8);
PIN_FIELD(frl_host_api, config, 16);
PIN_AT_LEAST(frl_host_api, 24);

PIN_FIELD(frl_plugin_api, struct_size, 0);
PIN_FIELD(frl_plugin_api, abi_minor, 4);
PIN_FIELD(frl_plugin_api, device_count, 8);
PIN_FIELD(frl_plugin_api, device_info, 16);
PIN_FIELD(frl_plugin_api, device_open, 24);
PIN_FIELD(frl_plugin_api, device_close, 32);
PIN_FIELD(frl_plugin_api, quiesce, 40);
PIN_FIELD(frl_plugin_api, shutdown, 48);
PIN_FIELD(frl_plugin_api, plugin_extension, 56);
PIN_AT_LEAST(frl_plugin_api, 64);

PIN_FIELD(frl_manifest_head, magic, 0);
PIN_FIELD(frl_manifest_head, struct_size, 4);
PIN_FIELD(frl_manifest_head, abi_major, 8);
PIN_FIELD(frl_manifest_head, abi_minor_min, 12);
PIN_FIELD(frl_manifest_head, abi_minor_max, 16);
PIN_FIELD(frl_manifest_head, role, 20);
PIN_FIELD(frl_manifest_head, build_flags, 24);
PIN_FIELD(frl_manifest_head, score, 28);
PIN_FIELD(frl_manifest_head, name, 32);
PIN_FIELD(frl_manifest_head, vendor, 64);
PIN_FIELD(frl_manifest_head, version, 128);
PIN_FIELD(frl_manifest_head, build_id, 160);
PIN_FIELD(frl_manifest_head, reserved, 208);
PIN_SIZE(frl_manifest_head, 272);

PIN_FIELD(frl_manifest, head, 0);
PIN_FIELD(frl_manifest, open, 272);
PIN_SIZE(frl_manifest, 280);

PIN_FIELD(frl_binding, buffer, 0);
PIN_FIELD(frl_binding, byte_offset, 8);
PIN_FIELD(frl_binding, value, 16);
PIN_SIZE(frl_binding, 32);

PIN_FIELD(frl_graph_api, struct_size, 0);
PIN_FIELD(frl_graph_api, reserved, 4);
PIN_FIELD(frl_graph_api, graph_begin, 8);
PIN_FIELD(frl_graph_api, graph_end, 16);
PIN_FIELD(frl_graph_api, graph_launch, 24);
PIN_FIELD(frl_graph_api, graph_destroy, 32);
PIN_AT_LEAST(frl_graph_api, 40);

PIN_FIELD(frl_expr_node, op, 0);
PIN_FIELD(frl_expr_node, dtype, 4);
PIN_FIELD(frl_expr_node, a, 8);
PIN_FIELD(frl_expr_node, b, 12);
PIN_FIELD(frl_expr_node, c, 16);
PIN_FIELD(frl_expr_node, flags, 20);
PIN_FIELD(frl_expr_node, value, 24);
PIN_SIZE(frl_expr_node, 40);

PIN_FIELD(frl_expr, struct_size, 0);
PIN_FIELD(frl_expr, n_nodes, 4);
PIN_FIELD(frl_expr, n_inputs, 8);
PIN_FIELD(frl_expr, n_outputs, 12);
PIN_FIELD(frl_expr, next, 16);
PIN_FIELD(frl_expr, nodes, 24);
PIN_FIELD(frl_expr, outputs, 32);
PIN_FIELD(frl_expr, input_access, 40);
PIN_FIELD(frl_expr, reduction, 48);
PIN_FIELD(frl_expr, reduction_axes, 52);
PIN_AT_LEAST(frl_expr, 56);
PIN_FIELD(frl_expr_epilogue, chain, 0);
PIN_FIELD(frl_expr_epilogue, n_nodes, 24);
PIN_FIELD(frl_expr_epilogue, n_outputs, 28);
PIN_FIELD(frl_expr_epilogue, nodes, 32);
PIN_FIELD(frl_expr_epilogue, outputs, 40);
PIN_AT_LEAST(frl_expr_epilogue, 48);

PIN_FIELD(frl_fusion_api, struct_size, 0);
PIN_FIELD(frl_fusion_api, max_nodes, 4);
PIN_FIELD(frl_fusion_api, compile, 8);
PIN_FIELD(frl_fusion_api, release, 16);
PIN_AT_LEAST(frl_fusion_api, 24);

PIN_FIELD(frl_profile_record, name, 0);
PIN_FIELD(frl_profile_record, stream, 48);
PIN_FIELD(frl_profile_record, begin_ns, 56);
PIN_FIELD(frl_profile_record, end_ns, 64);
PIN_FIELD(frl_profile_record, bytes, 72);
PIN_FIELD(frl_profile_record, kind, 80);
PIN_FIELD(frl_profile_record, reserved, 84);
PIN_SIZE(frl_profile_record, 88);

PIN_FIELD(frl_profiler_api, struct_size, 0);
PIN_FIELD(frl_profiler_api, reserved, 4);
PIN_FIELD(frl_profiler_api, profiler_start, 8);
PIN_FIELD(frl_profiler_api, profiler_stop, 16);
PIN_FIELD(frl_profiler_api, profiler_read, 24);
PIN_AT_LEAST(frl_profiler_api, 32);

PIN_FIELD(frl_manifest_note, name_size, 0);
PIN_FIELD(frl_manifest_note, desc_size, 4);
PIN_FIELD(frl_manifest_note, type, 8);
PIN_FIELD(frl_manifest_note, name, 12);
PIN_FIELD(frl_manifest_note, head, 20);
PIN_SIZE(frl_manifest_note, 292);

#endif /* 64-bit */
#endif
