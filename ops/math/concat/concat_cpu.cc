// SPDX-License-Identifier: Apache-2.0
#include "ops/math/concat/concat_cpu.h"

#include <algorithm>

#include "ops/core/last_axis.h"

namespace lockstep::ops::concat {

template <typename T>
void Reference(const ConcatAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels y(args.out_shape(0));
  for (int64_t row = 0; row < y.rows; ++row) {
    T* to = args.out<T>(0) + row * y.channels;
    for (size_t i = 0; i < attrs.channels.size(); ++i) {
      const int64_t count = attrs.channels[i];
      to = std::copy_n(args.in<T>(i) + row * count, count, to);
    }
  }
}

template <typename T>
void ReferenceSlice(const SliceChannelsAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels x(args.in_shape(0));
  for (int64_t row = 0; row < x.rows; ++row) {
    std::copy_n(args.in<T>(0) + row * x.channels + attrs.begin, attrs.count,
                args.out<T>(0) + row * attrs.count);
  }
}

template <typename T>
void ReferencePlace(const PlaceChannelsAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels x(args.in_shape(0)), y(args.out_shape(0));
  for (int64_t row = 0; row < y.rows; ++row) {
    T* const to = args.out<T>(0) + row * y.channels;
    std::fill_n(to, y.channels, T(0));
    std::copy_n(args.in<T>(0) + row * x.channels, x.channels, to + attrs.begin);
  }
}

template void Reference<float>(const ConcatAttrs&, const ReferenceArgs&);
template void Reference<double>(const ConcatAttrs&, const ReferenceArgs&);
template void ReferenceSlice<float>(const SliceChannelsAttrs&, const ReferenceArgs&);
template void ReferenceSlice<double>(const SliceChannelsAttrs&, const ReferenceArgs&);
template void ReferencePlace<float>(const PlaceChannelsAttrs&, const ReferenceArgs&);
template void ReferencePlace<double>(const PlaceChannelsAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::concat
