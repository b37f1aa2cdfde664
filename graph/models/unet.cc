// SPDX-License-Identifier: Apache-2.0
// U-Net (Ronneberger, Fischer and Brox, 2015) in its usual form of today: windows keep the size of
// the image, norms follow the convolutions, and sides are doubled by a transposed convolution or by
// resizing. On the way up each level is concatenated with what the same level had on the way down.
// 31,044,821 parameters for 21 classes; 17,268,693 with bilinear upsampling.
#include <string>
#include <vector>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {
namespace {

// Twice a 3x3 convolution, a norm and a ReLU; names are those of a PyTorch Sequential.
Value DoubleConv(const Net& n, Value x, int64_t middle, int64_t out, bool norm) {
  for (const int first : {0, 3}) {
    const auto name = [&](int i) { return std::to_string(first + i); };
    x = Conv(n / name(0), x, {.out = first == 0 ? middle : out, .kernel = 3, .padding = 1});
    if (norm) x = BatchNorm(n / name(1), x);
    x = Relu(n / name(2), x);
  }
  return x;
}

// Whether both sides can be halved `depth` times; fails the build otherwise.
bool Divisible(const Net& n, Value x, int64_t depth) {
  if (!n.ok()) return false;
  const Shape& shape = n.TypeOf(x).shape;
  const int64_t factor = int64_t{1} << depth;
  if (shape.rank() == 4 && shape[1] % factor == 0 && shape[2] % factor == 0) return true;
  n.Fail("its images are " + n.TypeOf(x).ToString() + "; a U-Net that halves them " +
         std::to_string(depth) + " times needs sides divisible by " + std::to_string(factor) +
         ": resize or crop them (data.augment_train and data.augment_val), or make the model less "
         "deep");
  return false;
}

int64_t ChannelsOf(const Net& n, Value x) { return n.ok() ? n.TypeOf(x).shape[3] : 0; }

// The way down: what each level gives, the lowest last. `name` is that of a level's scope.
template <typename Name>
std::vector<Value> Down(const Net& n, Value x, const std::vector<int64_t>& widths, bool norm,
                        const Name& name) {
  std::vector<Value> levels;
  for (size_t level = 0; level < widths.size(); ++level) {
    if (level > 0) x = MaxPool(n / name(level) / "pool", x);
    x = DoubleConv(n / name(level), x, widths[level], widths[level], norm);
    levels.push_back(x);
  }
  return levels;
}

}  // namespace

Values UNet(const Net& n, Value x, int64_t classes, const UNetOptions& options) {
  if (!Divisible(n, x, options.depth)) return {};
  const bool norm = options.norm == "batch", resizes = options.upsample != "transposed";
  const auto depth = static_cast<size_t>(options.depth);
  std::vector<int64_t> widths;
  for (size_t level = 0; level <= depth; ++level) widths.push_back(options.width << level);
  if (resizes) widths[depth] /= 2;
  const std::vector<Value> levels = Down(n, x, widths, norm, [](size_t level) {
    return level == 0 ? std::string("inc") : "down" + std::to_string(level);
  });
  x = levels[depth];
  for (size_t level = depth; level-- > 0;) {
    const Net up = n / ("up" + std::to_string(depth - level));
    const Value skip = levels[level];
    int64_t out = widths[level], middle = out;
    if (resizes) {
      if (!n.ok()) return {};
      const Shape& size = n.TypeOf(skip).shape;
      x = Resize(up / "up", x,
                 {.height = size[1],
                  .width = size[2],
                  .mode = options.upsample,
                  .align_corners = options.upsample == "bilinear"});
      middle = (out + ChannelsOf(n, x)) / 2;
      if (level > 0) out /= 2;
    } else {
      x = ConvTranspose(up / "up", x, {.out = widths[level]});
    }
    x = DoubleConv(up / "conv", Concat(up / "concat", {skip, x}), middle, out, norm);
  }
  return {{std::string(kOut), Conv(n / "outc", x, {.out = classes})}};
}

Values MiniUNet(const Net& n, Value x, int64_t classes, const NoAttrs&) {
  if (!Divisible(n, x, 3)) return {};
  const std::vector<Value> levels = Down(n, x, {64, 128, 256, 512}, true, [](size_t level) {
    return level == 3 ? std::string("bottleneck") : "enc" + std::to_string(level + 1);
  });
  x = levels[3];
  for (size_t level = 3; level-- > 0;) {
    const std::string number = std::to_string(level + 1);
    const int64_t width = int64_t{64} << level;
    x = ConvTranspose(n / ("up" + number), x, {.out = width});
    x = Concat(n / ("concat" + number), {x, levels[level]});
    x = DoubleConv(n / ("dec" + number), x, width, width, true);
  }
  return {{std::string(kOut), Conv(n / "final", x, {.out = classes})}};
}

}  // namespace lockstep::graph
