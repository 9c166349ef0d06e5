#include "host/fusion_source.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "common/dtypes.h"
#include "common/op_table.h"

namespace ferrule::gpu {
namespace {

using std::to_string;

const char* type_name(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      return "Bool";
    case FRL_DTYPE_U8:
      return "uint8_t";
    case FRL_DTYPE_U16:
      return "uint16_t";
    case FRL_DTYPE_U32:
      return "uint32_t";
    case FRL_DTYPE_U64:
      return "uint64_t";
    case FRL_DTYPE_I8:
      return "int8_t";
    case FRL_DTYPE_I16:
      return "int16_t";
    case FRL_DTYPE_I32:
      return "int32_t";
    case FRL_DTYPE_I64:
      return "int64_t";
    case FRL_DTYPE_F16:
      return "Half";
    case FRL_DTYPE_BF16:
      return "Bfloat";
    case FRL_DTYPE_F32:
      return "float";
    case FRL_DTYPE_F64:
      return "double";
    default:
      return "Complex";
  }
}

// The storage type in which a reduction of `dtype` is accumulated.
uint32_t total_dtype(const Expression& e) {
  const uint32_t dtype = e.reduced_dtype;
  return dtype == FRL_DTYPE_F16 || dtype == FRL_DTYPE_BF16 ? uint32_t{FRL_DTYPE_F32} : dtype;
}

// A compute value (types.h) with the bits of a stored element.
std::string constant(uint32_t dtype, const uint64_t* value) {
  char text[96];
  const uint64_t bits = value[0];
  const auto low = static_cast<uint32_t>(bits), high = static_cast<uint32_t>(bits >> 32);
  switch (dtype) {
    case FRL_DTYPE_BOOL:
      std::snprintf(text, sizeof text, "uint8_t(%d)", (bits & 0xff) != 0);
      break;
    case FRL_DTYPE_F16:
    case FRL_DTYPE_BF16:
      std::snprintf(text, sizeof text, "widen<%s>(%s{0x%xu})", type_name(dtype), type_name(dtype), low & 0xffffu);
      break;
    case FRL_DTYPE_F32:
      std::snprintf(text, sizeof text, "bits_float(0x%08xu)", low);
      break;
    case FRL_DTYPE_F64:
      std::snprintf(text, sizeof text, "bits_double(0x%016" PRIx64 "ull)", bits);
      break;
    case FRL_DTYPE_C64:
      std::snprintf(text, sizeof text, "Complex{bits_float(0x%08xu), bits_float(0x%08xu)}", low, high);
      break;
    default:
      std::snprintf(text, sizeof text, "static_cast<%s>(0x%016" PRIx64 "ull)", type_name(dtype), bits);
  }
  return text;
}

// What only moved a half keeps its bits, NaN payloads included, which widening would lose: such a node i has its stored
// form in r<i> beside its compute value in v<i>.
bool keeps_bits(const NodeList& list, uint32_t i) {
  const frl_expr_node& node = list.nodes[i];
  if (node.dtype != FRL_DTYPE_F16 && node.dtype != FRL_DTYPE_BF16) return false;
  const bool same = node.op == FRL_OP_copy && list.nodes[node.a].dtype == node.dtype;
  return node.op == FRL_EXPR_INPUT || node.op == FRL_EXPR_CONSTANT || node.op == FRL_OP_select || same;
}
// A node's value as it is stored.
std::string stored(const NodeList& list, uint32_t i) {
  if (keeps_bits(list, i)) return "r" + to_string(i);
  return std::string("narrow<") + type_name(list.nodes[i].dtype) + ">(v" + to_string(i) + ")";
}
template <typename InputText>
std::string moved(const NodeList& list, const frl_expr_node& node, const InputText& input) {
  if (node.op == FRL_EXPR_INPUT) return input(node.a);
  if (node.op == FRL_EXPR_CONSTANT)
    return std::string(type_name(node.dtype)) + "{" + to_string(node.value[0] & 0xffffu) + "u}";
  if (node.op == FRL_OP_copy) return stored(list, node.a);
  return "v" + to_string(node.a) + " ? " + stored(list, node.b) + " : " + stored(list, node.c);
}

// One line per node: v0, v1, ... `input` writes how input k is read.
template <typename InputText>
void add_nodes(std::string& out, const NodeList& list, const InputText& input) {
  for (size_t i = 0; i < list.nodes.size(); ++i) {
    const frl_expr_node& node = list.nodes[i];
    const std::string type = type_name(node.dtype);
    out += "    const Compute<" + type + "> v" + to_string(i) + " = ";
    const auto v = [](uint32_t k) { return "v" + to_string(k); };
    if (node.op == FRL_EXPR_INPUT) {
      out += "widen<" + type + ">(" + input(node.a) + ")";
    } else if (node.op == FRL_EXPR_CONSTANT) {
      out += constant(node.dtype, node.value);
    } else if (node.op == FRL_EXPR_REDUCED) {
      out += "round_to<" + type + ">(total)";
    } else if (node.op == FRL_OP_copy) {
      out += "cast<" + type + ", " + type_name(list.nodes[node.a].dtype) + ">(" + v(node.a) + ")";
    } else if (node.op == FRL_OP_select) {
      out += "op::select<" + type + ">(" + v(node.a) + ", " + v(node.b) + ", " + v(node.c) + ")";
    } else {
      const plugin::OpInfo* op = plugin::find_op(node.op);
      out += "round_to<" + type + ">(op::" + op->name + "<" + type_name(list.nodes[node.a].dtype) + ">(" + v(node.a);
      if (op->min_inputs > 1) out += ", " + v(node.b);
      out += "))";
    }
    out += ";\n";
    const auto k = static_cast<uint32_t>(i);
    if (keeps_bits(list, k))
      out += "    const " + type + " r" + to_string(k) + " = " + moved(list, node, input) + ";\n";
  }
}

bool is_costly(const frl_expr_node& node) {
  const bool function = (node.op >= FRL_OP_sqrt && node.op <= FRL_OP_erfinv) || node.op == FRL_OP_divide ||
                        (node.op >= FRL_OP_floor_divide && node.op <= FRL_OP_power) || node.op == FRL_OP_logaddexp ||
                        node.op == FRL_OP_arctan2;
  return function;
}

class Writer {
 public:
  Writer(const Expression& expression, FusedForm form) : e_(expression), form_(form) {}

  FusedSource write() {
    FusedSource source;
    choose(source);
    text_ = "#include \"kernels/fusion/";
    text_ += e_.reduction != 0 ? "reduce.h" : "map.h";
    text_ += "\"\n\nnamespace ferrule::gpu::fused {\n\nstruct Body {\n";
    // An expression of constants alone still has room for one input.
    text_ += "  static constexpr uint32_t kInputs = " + to_string(std::max(e_.n_inputs, 1u)) + ";\n";
    text_ += "  static constexpr uint32_t kOutputs = " + to_string(e_.n_outputs()) + ";\n";
    text_ += "  using Args = Operands<kInputs, kOutputs>;\n";
    add_load();
    if (e_.reduction != 0) {
      add_reduction();
      add_reduce_kernels(source);
    } else {
      add_map();
      add_map_kernel(source);
    }
    text_ += "\n}  // namespace ferrule::gpu::fused\n";
    source.text = std::move(text_);
    return source;
  }

 private:
  // 16 bytes of the widest operand; fewer where the code would be long.
  void choose(FusedSource& source) const {
    uint32_t widest = 1;
    uint32_t costly = 0;
    for (uint32_t k = 0; k < e_.n_inputs; ++k) {
      if (e_.read_by_main[k]) widest = std::max(widest, plugin::item_size(e_.input_dtypes[k]));
    }
    for (const frl_expr_node& node : e_.main.nodes) {
      costly += is_costly(node);
      widest = std::max(widest, node.dtype == FRL_DTYPE_F64 || node.dtype == FRL_DTYPE_C64 ? 8u : 1u);
    }
    if (e_.reduction == 0) {
      for (uint32_t k = 0; k < e_.n_outputs(); ++k) widest = std::max(widest, plugin::item_size(e_.output_dtype(k)));
    } else {
      widest = std::max(widest, 2u);
    }
    source.lanes = 16 / widest;
    if (costly > 1 || e_.main.nodes.size() > 64) source.lanes = std::min(source.lanes, 4u);
    if (e_.reduction != 0) source.unroll = costly == 0 && e_.main.nodes.size() <= 4 ? 4 : 2;
  }

  bool reads(uint32_t k) const { return e_.read_by_main[k]; }

  void add_load() {
    text_ += "  template <uint32_t V>\n  struct In {\n";
    for (uint32_t k = 0; k < e_.n_inputs; ++k) {
      if (reads(k)) text_ += std::string("    Vec<") + type_name(e_.input_dtypes[k]) + ", V> x" + to_string(k) + ";\n";
    }
    text_ +=
        "  };\n  template <uint32_t V>\n"
        "  static GPU_DEVICE void load(const Args& args, const int64_t* offsets, In<V>& in) {\n";
    for (uint32_t k = 0; k < e_.n_inputs; ++k) {
      if (!reads(k)) continue;
      const std::string i = to_string(k);
      text_ += "    fused::load<" + std::string(type_name(e_.input_dtypes[k])) + ", V>(args, " + i + ", offsets[" + i +
               "], in.x" + i + ");\n";
    }
    text_ += "  }\n";
  }

  static std::string main_input(uint32_t k) { return "in.x" + to_string(k) + "[e]"; }
  void add_main_nodes() { add_nodes(text_, e_.main, main_input); }

  void add_map() {
    text_ += "  template <uint32_t V>\n  struct Out {\n";
    for (uint32_t k = 0; k < e_.n_outputs(); ++k) {
      text_ += std::string("    Vec<") + type_name(e_.output_dtype(k)) + ", V> y" + to_string(k) + ";\n";
    }
    text_ +=
        "  };\n  template <uint32_t V>\n"
        "  static GPU_DEVICE void evaluate(const In<V>& in, uint32_t e, Out<V>& out) {\n";
    add_main_nodes();
    for (uint32_t k = 0; k < e_.n_outputs(); ++k) {
      text_ += "    out.y" + to_string(k) + "[e] = " + stored(e_.main, e_.main.outputs[k]) + ";\n";
    }
    text_ +=
        "  }\n  template <uint32_t V>\n"
        "  static GPU_DEVICE void store(const Args& args, const int64_t* offsets, const Out<V>& out) "
        "{\n";
    for (uint32_t k = 0; k < e_.n_outputs(); ++k) {
      const std::string i = to_string(k);
      text_ += "    fused::store<" + std::string(type_name(e_.output_dtype(k))) + ", V>(args, " + i + ", offsets[" + i +
               "], out.y" + i + ");\n";
    }
    text_ += "  }\n};\n";
  }

  void add_map_kernel(const FusedSource& source) {
    const std::string of = "<Body, " + to_string(source.lanes) + ">";
    text_ += "\nextern \"C\" GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) fused_main(Body::Args args, ";
    if (form_ == FusedForm::kFlat) {
      text_ += "uint32_t count, uint32_t last) {\n  begin_kernel();\n  flat" + of + "(args, count, last);\n}\n";
    } else {
      text_ +=
          "Layout32<Body::kInputs + Body::kOutputs> layout, uint32_t count, uint32_t last, uint32_t lanes) {\n  "
          "begin_kernel();\n  map" +
          of + "(args, layout, count, last, lanes);\n}\n";
    }
  }

  void add_reduction() {
    const std::string storage = type_name(total_dtype(e_)), total = "Compute<" + storage + ">";
    const uint32_t from = e_.main.nodes[e_.main.outputs[0]].dtype;
    text_ += "  using Total = " + total + ";\n  static GPU_DEVICE Total identity() { return " + identity() + "; }\n";
    text_ += "  static GPU_DEVICE Total combine(Total a, Total b) { return op::" + std::string(combiner()) + "<" +
             storage + ">(a, b); }\n";
    text_ += "  template <uint32_t V>\n  static GPU_DEVICE Total value(const In<V>& in, uint32_t e) {\n";
    add_main_nodes();
    text_ +=
        "    return cast<" + storage + ", " + type_name(from) + ">(v" + to_string(e_.main.outputs[0]) + ");\n  }\n";
    uint32_t extra = 0;
    for (const frl_expr_node& node : e_.epilogue.nodes) extra |= node.op == FRL_EXPR_INPUT ? 1u << node.a : 0u;
    std::string fields, loads;
    for (uint32_t k = 0; k < e_.n_inputs; ++k) {
      if (((extra >> k) & 1u) == 0) continue;
      const std::string type = type_name(e_.input_dtypes[k]), i = to_string(k);
      fields += "    " + type + " x" + i + ";\n";
      loads += "    extra.x" + i + " = load_element<" + type + ">(args, " + i + ", offsets[" + i + "]);\n";
    }
    text_ += "  struct Extra {\n" + fields + "  };\n";
    text_ += "  static GPU_DEVICE void load_extra(const Args& args, const int64_t* offsets, Extra& extra) {\n";
    text_ += loads + "  }\n";
    text_ +=
        "  static GPU_DEVICE void finish(const Args& args, const int64_t* offsets, Total total, const Extra& extra) "
        "{\n";
    add_nodes(text_, e_.epilogue, [](uint32_t k) { return "extra.x" + to_string(k); });
    for (uint32_t k = 0; k < e_.n_outputs(); ++k) {
      text_ += "    static_cast<" + std::string(type_name(e_.output_dtype(k))) + "*>(args.out[" + to_string(k) +
               "])[offsets[kInputs + " + to_string(k) + "]] = " + stored(e_.epilogue, e_.epilogue.outputs[k]) + ";\n";
    }
    text_ += "  }\n};\n";
  }

  const char* combiner() const {
    switch (e_.reduction) {
      case FRL_OP_reduce_sum:
        return "add";
      case FRL_OP_reduce_prod:
        return "multiply";
      case FRL_OP_reduce_max:
        return "maximum";
      case FRL_OP_reduce_min:
        return "minimum";
      case FRL_OP_reduce_and:
        return "logical_and";
      default:
        return "logical_or";
    }
  }

  std::string identity() const {
    const uint32_t dtype = total_dtype(e_);
    const std::string type = type_name(dtype);
    const bool greatest = e_.reduction == FRL_OP_reduce_min;
    switch (e_.reduction) {
      case FRL_OP_reduce_sum:
        return dtype == FRL_DTYPE_C64 ? "Complex{0.0f, 0.0f}" : "Total(0)";
      case FRL_OP_reduce_prod:
        return dtype == FRL_DTYPE_C64 ? "Complex{1.0f, 0.0f}" : "Total(1)";
      case FRL_OP_reduce_and:
        return "Total(1)";
      case FRL_OP_reduce_or:
        return "Total(0)";
      default:
        break;
    }
    if (dtype == FRL_DTYPE_BOOL) return greatest ? "Total(1)" : "Total(0)";
    const std::string infinity = greatest ? "math::infinity" : "-math::infinity";
    if (dtype == FRL_DTYPE_C64) return "Complex{" + infinity + "<float>(), " + infinity + "<float>()}";
    if (dtype == FRL_DTYPE_F32 || dtype == FRL_DTYPE_F64) return infinity + "<" + type + ">()";
    return greatest ? "greatest<" + type + ">()" : "least<" + type + ">()";
  }

  void add_reduce_kernels(const FusedSource& source) {
    const auto kernel = [&](const char* name, const std::string& call) {
      text_ += std::string("\nextern \"C\" GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) ") + name +
               "(Body::Args args, Layout32<kAll<Body>> kept, Layout32<kAll<Body>> reduced, Reduction r) {\n  "
               "begin_kernel();\n  " +
               call + ";\n}\n";
    };
    const char* function = form_ == FusedForm::kRows ? "rows" : "columns";
    kernel("fused_main", std::string(function) + "<Body, " + to_string(source.lanes) + ", " + to_string(source.unroll) +
                             ">(args, kept, reduced, r)");
    kernel("fused_finish", "finish<Body>(args, kept, r)");
  }

  const Expression& e_;
  const FusedForm form_;
  std::string text_;
};

}  // namespace

FusedSource fused_source(const Expression& expression, FusedForm form) { return Writer(expression, form).write(); }

uint32_t total_bytes(const Expression& expression) { return plugin::item_size(total_dtype(expression)); }

}  // namespace ferrule::gpu
