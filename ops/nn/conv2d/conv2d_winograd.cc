// SPDX-License-Identifier: Apache-2.0
// Convolutions of 3x3 and stride 1 in fewer products (ops/nn/conv2d/winograd.h).
#include <algorithm>

#include "ops/core/simd_kernel.h"
#include "ops/core/sum_rows.h"
#include "ops/nn/conv2d/conv2d_bias.h"
#include "ops/nn/conv2d/conv2d_geometry.h"
#include "ops/nn/conv2d/winograd.h"

namespace lockstep::ops::conv2d {
namespace {

constexpr std::string_view kWinogradKernel = "winograd";

// Whether F(2x2, 3x3) is this convolution.
Status CheckGeometry(const Geometry& g) {
  const auto is = [](const Window& window) {
    return window.kernel == 3 && window.stride == 1 && window.dilation == 1 && window.padding <= 2;
  };
  if (is(g.window_h) && is(g.window_w) && g.groups == 1) return OkStatus();
  return FailedPrecondition("winograd: the window is not 3x3 with stride 1");
}

// Where it is faster than the other kernels, as measured (docs/decisions/0010): where channels pay
// for the transforms of images, and tiles for those of windows.
bool HasChannels(const Winograd& conv) { return conv.channels >= 48 && conv.columns >= 48; }
bool ConvolveIsFaster(const Winograd& conv) { return HasChannels(conv) && conv.tiles() >= 64; }
bool WeightGradIsFaster(const Winograd& conv) {
  const int64_t windows_a_tile = conv.isa == CpuIsa::kAvx512 ? 1024 : 8192;
  return HasChannels(conv) && conv.tiles() * windows_a_tile >= conv.channels * conv.columns;
}

// y of x by w.
Winograd ForwardConv(const Geometry& g) {
  Winograd conv;
  conv.n = g.n, conv.h = g.h, conv.w = g.w, conv.channels = g.c;
  conv.p = g.p, conv.q = g.q, conv.columns = g.k;
  conv.padding_h = g.window_h.padding, conv.padding_w = g.window_w.padding;
  return conv;
}

// dx of dy by the turned w.
Winograd BackwardConv(const Geometry& g) {
  Winograd conv;
  conv.n = g.n, conv.h = g.p, conv.w = g.q, conv.channels = g.k;
  conv.p = g.h, conv.q = g.w, conv.columns = g.c;
  conv.padding_h = 2 - g.window_h.padding, conv.padding_w = 2 - g.window_w.padding;
  return conv;
}

// One of the ways a node is such a convolution.
struct WinogradOp {
  Geometry (*geometry)(const NodeSpec&);
  Winograd (*conv)(const Geometry&);
  int64_t (*window_floats)(const Winograd&);                           // 0: reads no windows
  int64_t (*workspace_floats)(const Winograd&);                        // beside the windows
  void (*transform)(const Winograd&, const float* w, float* windows);  // input 1
  bool prepares;
  bool (*is_faster)(const Winograd&);
  void (*run)(const NodeSpec&, const Winograd&, const RunArgs&, const float* windows,
              float* workspace);
};

const float* In(const RunArgs& args, size_t i) { return static_cast<const float*>(args.in[i]); }
float* Out(const RunArgs& args, size_t i) { return static_cast<float*>(args.out[i]); }

constexpr int64_t kFloatBytes = sizeof(float);

// (x, w) -> y, or (dy, w) -> dx.
void Convolve(const NodeSpec&, const Winograd& conv, const RunArgs& args, const float* windows,
              float* workspace) {
  WinogradConvolve(conv, In(args, 0), windows, {}, workspace, Out(args, 0));
}

// (x, w, b) -> y.
void ConvolveBias(const NodeSpec& node, const Winograd& conv, const RunArgs& args,
                  const float* windows, float* workspace) {
  const bool relu = Unpack<Conv2dBiasAttrs>(node.attrs)->activation == "relu";
  WinogradConvolve(conv, In(args, 0), windows, {In(args, 2), relu}, workspace, Out(args, 0));
}

// (x, dy) -> dw.
void WeightGrad(const NodeSpec&, const Winograd& conv, const RunArgs& args, const float*,
                float* workspace) {
  WinogradWeightGrad(conv, In(args, 0), In(args, 1), workspace, Out(args, 0));
}

// (x, dy) -> dw, db.
void WeightAndBiasGrad(const NodeSpec& node, const Winograd& conv, const RunArgs& args,
                       const float* windows, float* workspace) {
  WeightGrad(node, conv, args, windows, workspace);
  SumRows(RowsOfChannels(node.in[1].shape), conv.isa, conv.threads, In(args, 1), workspace,
          Out(args, 1));
}
int64_t WeightAndBiasGradFloats(const Winograd& conv) {
  const RowsOfChannels dy({conv.n, conv.p, conv.q, conv.columns});
  const int64_t sums = SumRowsWorkspace(dy) / kFloatBytes;
  return std::max(WinogradWeightGradFloats(conv), sums);
}

class WinogradKernel : public Kernel {
 public:
  WinogradKernel(NodeSpec node, const WinogradOp& op, const Winograd& conv)
      : node_(std::move(node)), op_(op), conv_(conv) {}

  Status Run(const RunArgs& args, Stream*) const override {
    auto* workspace = static_cast<float*>(args.workspace);
    const auto* windows = static_cast<const float*>(args.prepared);
    if (windows == nullptr && op_.transform != nullptr) {
      op_.transform(conv_, In(args, 1), workspace);
      windows = workspace;
      workspace += op_.window_floats(conv_);
    }
    op_.run(node_, conv_, args, windows, workspace);
    return OkStatus();
  }

  Status Prepare(const void* input, void* prepared, Stream*) const override {
    op_.transform(conv_, static_cast<const float*>(input), static_cast<float*>(prepared));
    return OkStatus();
  }

 private:
  const NodeSpec node_;
  const WinogradOp op_;
  const Winograd conv_;
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
    candidate.workspace_bytes = op_.workspace_floats(conv) * kFloatBytes;
    if (op_.transform != nullptr) {
      const int64_t window_bytes = op_.window_floats(conv) * kFloatBytes;
      if (op_.prepares) {
        candidate.prepared_input = 1;
        candidate.prepared_bytes = window_bytes;
        candidate.workspace_bytes_if_prepared = candidate.workspace_bytes;
      }
      candidate.workspace_bytes += window_bytes;
    }
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
  WinogradOp forward = {
      .geometry =
          [](const NodeSpec& node) {
            return ForwardGeometry(*Unpack<Conv2dAttrs>(node.attrs), node);
          },
      .conv = ForwardConv,
      .window_floats = WinogradWindowFloats,
      .workspace_floats = WinogradConvolveFloats,
      .transform = TransformWindows,
      .prepares = true,
      .is_faster = ConvolveIsFaster,
      .run = Convolve,
  };
  add("conv2d", forward);
  forward.geometry = [](const NodeSpec& node) {
    return ForwardGeometry(*Unpack<Conv2dBiasAttrs>(node.attrs), node);
  };
  forward.run = ConvolveBias;
  add("conv2d_bias", forward);
  add("conv2d_data_grad", {
                              .geometry =
                                  [](const NodeSpec& node) {
                                    return DataGradGeometry(
                                        *Unpack<Conv2dDataGradAttrs>(node.attrs), node);
                                  },
                              .conv = BackwardConv,
                              .window_floats = WinogradWindowFloats,
                              .workspace_floats = WinogradConvolveFloats,
                              .transform = TransformTurnedWindows,
                              .prepares = false,  // as all data gradients (docs/decisions/0007)
                              .is_faster = ConvolveIsFaster,
                              .run = Convolve,
                          });
  WinogradOp weight_grad = {
      .geometry =
          [](const NodeSpec& node) {
            return WeightGradGeometry(*Unpack<Conv2dWeightGradAttrs>(node.attrs), node);
          },
      .conv = ForwardConv,
      .window_floats = nullptr,
      .workspace_floats = WinogradWeightGradFloats,
      .transform = nullptr,
      .prepares = false,
      .is_faster = WeightGradIsFaster,
      .run = WeightGrad,
  };
  add("conv2d_weight_grad", weight_grad);
  weight_grad.workspace_floats = WeightAndBiasGradFloats;
  weight_grad.run = WeightAndBiasGrad;
  add("conv2d_bias_weight_grad", weight_grad);
}

}  // namespace lockstep::ops::conv2d
