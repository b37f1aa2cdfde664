// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lamb/lamb_cpu.h"

#include "ops/core/block_norm.h"
#include "ops/core/moments_reference.h"

namespace lockstep::ops::lamb {
namespace {

// The moments of an element and its step, from the arguments that both ops begin with: of type T,
// computed in C.
template <typename T, typename C>
class Steps {
 public:
  struct Step {
    C m, v, r;
  };

  Steps(const LambAttrs& attrs, const ReferenceArgs& args)
      : param_(args.in<T>(0)),
        grad_(args.in<T>(1)),
        m_(args.in<T>(2)),
        v_(args.in<T>(3)),
        grad_scale_(*args.in<T>(5)),
        bias1_(*args.in<T>(6)),
        bias2_root_(Root(static_cast<C>(*args.in<T>(7)))),
        weight1_(1.0 - attrs.beta1),
        beta2_(static_cast<C>(attrs.beta2)),
        rest2_(static_cast<C>(1.0 - attrs.beta2)),
        eps_(static_cast<C>(attrs.eps)),
        weight_decay_(static_cast<C>(attrs.weight_decay)) {}

  Step At(int64_t i) const {
    const C g = static_cast<C>(grad_[i]) * grad_scale_;
    const C m = Between(static_cast<C>(m_[i]), g, weight1_);
    const C v = static_cast<C>(v_[i]) * beta2_ + rest2_ * g * g;
    const C r =
        m / bias1_ / (Root(v) / bias2_root_ + eps_) + weight_decay_ * static_cast<C>(param_[i]);
    return {m, v, r};
  }

 private:
  const T *param_, *grad_, *m_, *v_;
  C grad_scale_, bias1_, bias2_root_;
  double weight1_;
  C beta2_, rest2_, eps_, weight_decay_;
};

}  // namespace

template <typename T>
void Reference(const LambAttrs& attrs, const ReferenceArgs& args) {
  const Steps<T, T> steps(attrs, args);
  const T* param = args.in<T>(0);
  const T rate = *args.in<T>(4) * Trust(attrs, *args.in<T>(8), *args.in<T>(9));
  T *new_param = args.out<T>(0), *new_m = args.out<T>(1), *new_v = args.out<T>(2);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    const auto step = steps.At(i);
    const T from = param[i];
    new_m[i] = step.m;
    new_v[i] = step.v;
    new_param[i] = from - rate * step.r;
  }
}

template <typename T>
void Measure(const LambAttrs& attrs, const ReferenceArgs& args) {
  const Steps<T, double> steps(attrs, args);
  const int64_t n = args.in_shape(0).elements();
  double* const squares = args.out<double>(0);
  squares[0] = BlockSquaredNorm(args.in<T>(0), n);
  squares[1] = BlockSquaredNormOf(n, [&](int64_t i) { return steps.At(i).r; });
}

template void Reference<float>(const LambAttrs&, const ReferenceArgs&);
template void Reference<double>(const LambAttrs&, const ReferenceArgs&);
template void Measure<float>(const LambAttrs&, const ReferenceArgs&);
template void Measure<double>(const LambAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::lamb
