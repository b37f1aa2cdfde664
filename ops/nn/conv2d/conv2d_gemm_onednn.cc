// SPDX-License-Identifier: Apache-2.0
// Convolution as a product with a matrix of taps ("im2col"; Chellapilla et al., 2006), by oneDNN's
// sgemm. Its direct kernels want many pixels a row; over a few pixels with many channels, where the
// weights are most of the data, the product is several times faster, and it reads the weights as
// they lie in memory.
//
//   taps (N P Q, R S C), w (K, R S C):   y = taps w^T,   dw = dy^T taps,   dtaps = dy w
//
// dx gathers dtaps in increasing (r, s). Images are taken a few at a time, so that the taps stay
// small; how many is a function of the shapes. Where every pixel is its own only tap (1x1, stride
// 1) there is nothing to collect: x and dx are the taps, of all images at once.
#include "ops/nn/conv2d/conv2d_gemm_onednn.h"

#include <algorithm>

#include "base/device/for_isa.h"
#include "ops/core/onednn.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

constexpr std::string_view kGemmKernel = "gemm";
constexpr int64_t kTapBytes = int64_t{8} << 20;

// Row-major c (m, n) = op(a) (m, k) op(b) (k, n) + beta c.
Status Product(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a,
               const float* b, float beta, float* c) {
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a,
                 transpose_a ? m : k, b, transpose_b ? k : n, beta, c, n);
  if (status == dnnl_success) return OkStatus();
  return Internal("oneDNN: sgemm failed with status " + std::to_string(status));
}

struct Gemm {
  Geometry g;
  bool pointwise;  // x is its own taps
  int64_t images;  // taken at a time

  explicit Gemm(const Geometry& geometry) : g(geometry), pointwise(IsPointwise(g)) {
    if (pointwise) {
      images = std::max<int64_t>(g.n, 1);
      return;
    }
    const int64_t bytes = g.p * g.q * g.taps() * static_cast<int64_t>(sizeof(float));
    images =
        std::clamp<int64_t>(kTapBytes / std::max<int64_t>(bytes, 1), 1, std::max<int64_t>(g.n, 1));
  }
  int64_t pixels() const { return g.p * g.q; }  // of y, an image
  int64_t workspace() const {
    if (pointwise) return 0;
    return images * pixels() * g.taps() * static_cast<int64_t>(sizeof(float));
  }

  // The pixel of x that tap (r, s) of output pixel (p, q) reads, or -1 in the padding.
  int64_t Pixel(int64_t p, int64_t q, int64_t r, int64_t s) const {
    const int64_t h = p * g.window_h.stride - g.window_h.padding + r * g.window_h.dilation;
    const int64_t w = q * g.window_w.stride - g.window_w.padding + s * g.window_w.dilation;
    return h < 0 || h >= g.h || w < 0 || w >= g.w ? -1 : h * g.w + w;
  }

  // taps of `count` images of x: in `workspace`, or x itself.
  const float* Taps(const SimdArgs& args, const float* x, int64_t count) const {
    if (pointwise) return x;
    auto* const taps = static_cast<float*>(args.run.workspace);
    Collect(args, x, count, taps);
    return taps;
  }

  void Collect(const SimdArgs& args, const float* x, int64_t count, float* taps) const {
    ForRuns(args.threads, count * g.p, 1, [&](Range run) {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const image = x + row / g.p * g.h * g.w * g.c;
        float* to = taps + row * g.q * g.taps();
        for (int64_t q = 0; q < g.q; ++q) {
          for (int64_t r = 0; r < g.r; ++r) {
            for (int64_t s = 0; s < g.s; ++s, to += g.c) {
              const int64_t pixel = Pixel(row % g.p, q, r, s);
              if (pixel < 0) {
                std::fill_n(to, g.c, 0.0f);
              } else {
                std::copy_n(image + pixel * g.c, g.c, to);
              }
            }
          }
        }
      }
    });
  }

  // dx of `count` images from dtaps.
  void Spread(const SimdArgs& args, const float* dtaps, int64_t count, float* dx) const {
    const int64_t dx_image = g.h * g.w * g.c;
    ForRuns(args.threads, count, 1, [&](Range run) {
      RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
        for (int64_t n = run.begin; n < run.end; ++n) {
          float* const image = dx + n * dx_image;
          for (int64_t i = 0; i < dx_image; ++i) image[i] = 0.0f;
          const float* const of_image = dtaps + n * pixels() * g.taps();
          for (int64_t r = 0; r < g.r; ++r) {
            for (int64_t s = 0; s < g.s; ++s) {
              for (int64_t y = 0; y < pixels(); ++y) {
                const int64_t pixel = Pixel(y / g.q, y % g.q, r, s);
                if (pixel < 0) continue;
                const float* const from = of_image + y * g.taps() + (r * g.s + s) * g.c;
                float* const to = image + pixel * g.c;
                LOCKSTEP_INDEPENDENT
                for (int64_t c = 0; c < g.c; ++c) to[c] += from[c];
              }
            }
          }
        }
      });
    });
  }
};

// (x, w) -> y.
Status Forward(const Gemm& gemm, const SimdArgs& args) {
  const Geometry& g = gemm.g;
  for (int64_t n = 0; n < g.n; n += gemm.images) {
    const int64_t count = std::min(gemm.images, g.n - n);
    const float* const taps = gemm.Taps(args, args.in<float>(0) + n * g.h * g.w * g.c, count);
    RETURN_IF_ERROR(Product(false, true, count * gemm.pixels(), g.k, g.taps(), taps,
                            args.in<float>(1), 0.0f, args.out<float>(0) + n * gemm.pixels() * g.k));
  }
  return OkStatus();
}

// (dy, w) -> dx.
Status DataGrad(const Gemm& gemm, const SimdArgs& args) {
  const Geometry& g = gemm.g;
  auto* const dtaps = gemm.pointwise ? args.out<float>(0) : static_cast<float*>(args.run.workspace);
  for (int64_t n = 0; n < g.n; n += gemm.images) {
    const int64_t count = std::min(gemm.images, g.n - n);
    RETURN_IF_ERROR(Product(false, false, count * gemm.pixels(), g.taps(), g.k,
                            args.in<float>(0) + n * gemm.pixels() * g.k, args.in<float>(1), 0.0f,
                            dtaps));
    if (!gemm.pointwise) gemm.Spread(args, dtaps, count, args.out<float>(0) + n * g.h * g.w * g.c);
  }
  return OkStatus();
}

// (dy, w, dother) -> dx, of pointwise windows: dx = dother + dy w.
Status DataGradAdd(const Gemm& gemm, const SimdArgs& args) {
  const Geometry& g = gemm.g;
  const float* const dother = args.in<float>(2);
  float* const dx = args.out<float>(0);
  if (dx != dother) {
    ForRuns(args.threads, g.x().elements(), kElementGrain,
            [&](Range run) { std::copy_n(dother + run.begin, run.size(), dx + run.begin); });
  }
  return Product(false, false, g.n * gemm.pixels(), g.c, g.k, args.in<float>(0), args.in<float>(1),
                 1.0f, dx);
}

// (x, dy) -> dw.
Status WeightGrad(const Gemm& gemm, const SimdArgs& args) {
  const Geometry& g = gemm.g;
  for (int64_t n = 0; n < g.n; n += gemm.images) {
    const int64_t count = std::min(gemm.images, g.n - n);
    const float* const taps = gemm.Taps(args, args.in<float>(0) + n * g.h * g.w * g.c, count);
    RETURN_IF_ERROR(Product(true, false, g.k, g.taps(), count * gemm.pixels(),
                            args.in<float>(1) + n * gemm.pixels() * g.k, taps, n == 0 ? 0.0f : 1.0f,
                            args.out<float>(0)));
  }
  return OkStatus();
}

using RunGemm = Status (*)(const Gemm&, const SimdArgs&);
using GeometryOf = Geometry (*)(const NodeSpec&);

class GemmKernel : public Kernel {
 public:
  GemmKernel(NodeSpec node, const Geometry& g, RunGemm run, CpuIsa isa, int32_t threads)
      : node_(std::move(node)), gemm_(g), run_(run), isa_(isa), threads_(threads) {}

  Status Run(const RunArgs& args, Stream*) const override {
    const OnednnThreads count(threads_);
    return run_(gemm_, SimdArgs{{node_, args}, isa_, threads_});
  }

 private:
  const NodeSpec node_;
  const Gemm gemm_;
  const RunGemm run_;
  const CpuIsa isa_;
  const int32_t threads_;
};

// Where the product is faster than the direct kernels with the weights' reorders around them, as
// measured (docs/decisions/0007).
bool FewPixels(const Gemm& gemm) {
  return gemm.pixels() <= 16 && gemm.g.k * gemm.g.taps() >= 1 << 19;
}

// With AVX-512 the direct kernels are worth a reorder over more rows than these.
bool FewRows(const Gemm& gemm, CpuIsa isa, int64_t rows) {
  return FewPixels(gemm) && (isa != CpuIsa::kAvx512 || gemm.g.n * gemm.pixels() <= rows);
}

bool Always(const Gemm&, CpuIsa) { return true; }
bool ForwardIsBest(const Gemm& gemm, CpuIsa isa) { return FewRows(gemm, isa, 64); }
bool DataGradIsBest(const Gemm& gemm, CpuIsa isa) {
  return gemm.pointwise || FewRows(gemm, isa, 128);
}
// With AVX-512 the direct weight gradient is slow over many channels where the window is strided or
// the image small.
bool WeightGradIsBest(const Gemm& gemm, CpuIsa isa) {
  const Geometry& g = gemm.g;
  const bool strided = g.window_h.stride > 1 && g.window_h.kernel > 1;
  const bool small = gemm.pixels() <= 64 && g.k * g.taps() >= 1 << 19;
  return gemm.pointwise || FewPixels(gemm) ||
         (isa == CpuIsa::kAvx512 && ((strided && g.c >= 64) || small));
}

using IsBest = bool (*)(const Gemm&, CpuIsa);

class GemmFamily : public KernelFamily {
 public:
  GemmFamily(GeometryOf geometry, RunGemm run, IsBest is_best)
      : geometry_(geometry), run_(run), is_best_(is_best) {}
  std::string_view name() const override { return kGemmKernel; }
  bool is_library() const override { return true; }

  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    RETURN_IF_ERROR(CheckOnednn(node, device));
    const Gemm gemm(geometry_(node));
    if (gemm.g.groups != 1) return FailedPrecondition("gemm: the convolution has groups");
    ASSIGN_OR_RETURN(const CpuIsa isa, CpuIsaFromName(device.isa));
    Candidate candidate = {std::string(kGemmKernel), "im2col", gemm.workspace()};
    candidate.known_slower = !is_best_(gemm, isa);
    return std::vector<Candidate>{candidate};
  }

  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate&,
                                       Device* device) const override {
    ASSIGN_OR_RETURN(const CpuIsa isa, CpuIsaFromName(device->spec().isa));
    return std::unique_ptr<Kernel>(
        std::make_unique<GemmKernel>(node, geometry_(node), run_, isa, device->spec().threads));
  }

 private:
  const GeometryOf geometry_;
  const RunGemm run_;
  const IsBest is_best_;
};

}  // namespace

void RegisterGemm(OpRegistry& registry) {
  const auto add = [&](const char* op, GeometryOf geometry, RunGemm run, IsBest is_best) {
    registry.AddKernel(op, std::make_shared<GemmFamily>(geometry, run, is_best));
  };
  add("conv2d", ForwardGeometry<>, Forward, ForwardIsBest);
  add("conv2d_data_grad", DataGradGeometry, DataGrad, DataGradIsBest);
  add("conv2d_weight_grad", WeightGradGeometry, WeightGrad, WeightGradIsBest);
  add("conv2d_data_grad_add", DataGradGeometry, DataGradAdd, Always);
}

}  // namespace lockstep::ops::conv2d
