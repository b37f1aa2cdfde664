// SPDX-License-Identifier: Apache-2.0
// Convolutions of 3x3 and stride 1, dilated or not, in fewer products, as kernels of the conv2d
// ops. The arithmetic is in ops/nn/conv2d/winograd.h; this file says which nodes it can run, where
// it is the faster kernel, and how a node becomes such a convolution.
//
// The plan. All five ops are one of two computations: a convolution (forward; data gradient, which
// is a convolution of dy with the windows turned by 180 degrees) or a weight gradient. `WinogradOp`
// has one row for each op: how its node's geometry is read, which convolution that is, how much
// workspace it wants and what runs. `RegisterWinograd`, at the end, is the table of these rows.
#include <algorithm>

#include "ops/core/simd_kernel.h"
#include "ops/core/sum_rows.h"
#include "ops/nn/conv2d/conv2d_bias.h"
#include "ops/nn/conv2d/conv2d_geometry.h"
#include "ops/nn/conv2d/winograd.h"

namespace lockstep::ops::conv2d {
namespace {

constexpr std::string_view kWinogradKernel = "winograd";

// Whether F(2x2, 3x3) can compute this convolution.
Status CheckGeometry(const Geometry& g) {
  const auto is = [](const Window& window) {
    return window.kernel == 3 && window.stride == 1 && window.padding <= 2 * window.dilation;
  };
  if (is(g.window_h) && is(g.window_w) && g.groups == 1) return OkStatus();
  return FailedPrecondition(
      "winograd: expected a window of 3x3 with stride 1, padding of at most twice the dilation, no "
      "groups");
}

// Where this kernel is faster than the others, as measured (docs/decisions/0010): there must be
// enough channels to pay for the transforms of images, and enough tiles to pay for those of
// windows, which every thread reads. Where a dilation is large for the image, tiles are mostly
// beside it, and no products are saved.
bool HasChannels(const Winograd& conv) { return conv.channels >= 48 && conv.columns >= 48; }
bool FillsItsTiles(const Winograd& conv) {
  return std::max(conv.dilation_h, conv.dilation_w) == 1 ||
         32 * conv.tiles() <= 9 * conv.n * conv.p * conv.q;  // 16 products for 2x2 outputs of 9
}
bool ConvolveIsFaster(const Winograd& conv) {
  return HasChannels(conv) && FillsItsTiles(conv) && conv.tiles() >= 64 * conv.threads;
}
bool WeightGradIsFaster(const Winograd& conv) {
  if (!HasChannels(conv) || !FillsItsTiles(conv)) return false;
  const bool avx512 = conv.isa == CpuIsa::kAvx512;
  if (avx512 && conv.n * conv.p * conv.q >= 512) return true;
  return conv.tiles() * (avx512 ? 512 : 4096) >= conv.channels * conv.columns;
}

// The convolution of x by w that gives y.
Winograd ForwardConv(const Geometry& g) {
  Winograd conv;
  conv.n = g.n, conv.h = g.h, conv.w = g.w, conv.channels = g.c;
  conv.p = g.p, conv.q = g.q, conv.columns = g.k;
  conv.padding_h = g.window_h.padding, conv.padding_w = g.window_w.padding;
  conv.dilation_h = g.window_h.dilation, conv.dilation_w = g.window_w.dilation;
  return conv;
}

// The convolution of dy by the turned w that gives dx.
Winograd BackwardConv(const Geometry& g) {
  Winograd conv;
  conv.n = g.n, conv.h = g.p, conv.w = g.q, conv.channels = g.k;
  conv.p = g.h, conv.q = g.w, conv.columns = g.c;
  conv.dilation_h = g.window_h.dilation, conv.dilation_w = g.window_w.dilation;
  conv.padding_h = 2 * conv.dilation_h - g.window_h.padding;
  conv.padding_w = 2 * conv.dilation_w - g.window_w.padding;
  return conv;
}

// How a node of one op is such a convolution.
struct WinogradOp {
  Geometry (*geometry)(const NodeSpec&);
  Winograd (*conv)(const Geometry&);
  int64_t (*workspace_floats)(const Winograd&);
  bool (*is_faster)(const Winograd&);
  void (*run)(const Winograd&, bool relu, const RunArgs&);
};

constexpr int64_t kFloatBytes = sizeof(float);

const float* In(const RunArgs& args, size_t i) { return static_cast<const float*>(args.in[i]); }
float* Out(const RunArgs& args, size_t i) { return static_cast<float*>(args.out[i]); }
float* Workspace(const RunArgs& args) { return static_cast<float*>(args.workspace); }

// The workspace holds the windows, then what the convolution needs.
int64_t ConvolveFloats(const Winograd& conv) {
  return WinogradWindowFloats(conv) + WinogradConvolveFloats(conv);
}
void Convolve(const Winograd& conv, const RunArgs& args, const WinogradEnd& end) {
  float* const windows = Workspace(args);
  WinogradConvolve(conv, In(args, 0), windows, end, windows + WinogradWindowFloats(conv),
                   Out(args, 0));
}

// (x, w) -> y.
void Forward(const Winograd& conv, bool, const RunArgs& args) {
  TransformWindows(conv, In(args, 1), Workspace(args));
  Convolve(conv, args, {});
}

// (x, w, b) -> y.
void ForwardBias(const Winograd& conv, bool relu, const RunArgs& args) {
  TransformWindows(conv, In(args, 1), Workspace(args));
  Convolve(conv, args, {In(args, 2), relu});
}

// (dy, w) -> dx.
void DataGrad(const Winograd& conv, bool, const RunArgs& args) {
  TransformTurnedWindows(conv, In(args, 1), Workspace(args));
  Convolve(conv, args, {});
}

// (x, dy) -> dw.
void WeightGrad(const Winograd& conv, bool, const RunArgs& args) {
  WinogradWeightGrad(conv, In(args, 0), In(args, 1), Workspace(args), Out(args, 0));
}

// (x, dy) -> dw, db.
RowsOfChannels GradRows(const Winograd& conv) {
  return RowsOfChannels({conv.n, conv.p, conv.q, conv.columns});
}
int64_t BiasWeightGradFloats(const Winograd& conv) {
  return std::max(WinogradWeightGradFloats(conv), SumRowsWorkspace(GradRows(conv)) / kFloatBytes);
}
void BiasWeightGrad(const Winograd& conv, bool relu, const RunArgs& args) {
  WeightGrad(conv, relu, args);
  SumRows(GradRows(conv), conv.isa, conv.threads, In(args, 1), args.workspace, Out(args, 1));
}

// Only conv2d_bias can end with a ReLU.
bool EndsWithRelu(const NodeSpec& node) {
  const auto attrs = Unpack<Conv2dBiasAttrs>(node.attrs);
  return attrs.ok() && attrs->activation == "relu";
}

class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const NodeSpec& node, const WinogradOp& op, const Winograd& conv)
      : op_(op), conv_(conv), relu_(EndsWithRelu(node)) {}

  Status Run(const RunArgs& args, Stream*) const override {
    op_.run(conv_, relu_, args);
    return OkStatus();
  }

 private:
  const WinogradOp op_;
  const Winograd conv_;
  const bool relu_;
};

class WinogradFamily : public KernelFamily {
 public:
  explicit WinogradFamily(const WinogradOp& op) : op_(op) {}
  std::string_view name() const override { return kWinogradKernel; }

  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    RETURN_IF_ERROR(CheckSimd(node, device));
    RETURN_IF_ERROR(CheckGeometry(op_.geometry(node)));
    ASSIGN_OR_RETURN(const Winograd conv, ConvFor(node, device));
    Candidate candidate = {std::string(kWinogradKernel), "F(2x2,3x3):" + device.isa};
    candidate.known_slower = !op_.is_faster(conv);
    candidate.flops = WinogradFlops(conv);
    candidate.workspace_bytes = op_.workspace_floats(conv) * kFloatBytes;
    return std::vector<Candidate>{candidate};
  }

  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate&,
                                       Device* device) const override {
    ASSIGN_OR_RETURN(const Winograd conv, ConvFor(node, device->spec()));
    return std::unique_ptr<Kernel>(std::make_unique<WinogradKernel>(node, op_, conv));
  }

 private:
  Result<Winograd> ConvFor(const NodeSpec& node, const DeviceSpec& device) const {
    Winograd conv = op_.conv(op_.geometry(node));
    ASSIGN_OR_RETURN(conv.isa, CpuIsaFromName(device.isa));
    conv.threads = device.threads;
    if (RunsWinograd(conv.isa)) return conv;
    return FailedPrecondition("winograd: needs AVX2 or AVX-512; the device has " + device.isa);
  }

  const WinogradOp op_;
};

}  // namespace

void RegisterWinograd(OpRegistry& registry) {
  const auto add = [&](const char* op, const WinogradOp& of) {
    registry.AddKernel(op, std::make_shared<WinogradFamily>(of));
  };
  add("conv2d", {ForwardGeometry<>, ForwardConv, ConvolveFloats, ConvolveIsFaster, Forward});
  add("conv2d_bias", {ForwardGeometry<Conv2dBiasAttrs>, ForwardConv, ConvolveFloats,
                      ConvolveIsFaster, ForwardBias});
  add("conv2d_data_grad",
      {DataGradGeometry, BackwardConv, ConvolveFloats, ConvolveIsFaster, DataGrad});
  add("conv2d_weight_grad",
      {WeightGradGeometry, ForwardConv, WinogradWeightGradFloats, WeightGradIsFaster, WeightGrad});
  add("conv2d_bias_weight_grad",
      {WeightGradGeometry, ForwardConv, BiasWeightGradFloats, WeightGradIsFaster, BiasWeightGrad});
}

}  // namespace lockstep::ops::conv2d
