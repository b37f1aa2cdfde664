// SPDX-License-Identifier: Apache-2.0
// Attributes of a primitive that ends with an activation (ops/core/activation.h).
#pragma once

#include <string_view>

#include "ops/core/onednn.h"

namespace lockstep::ops {

inline dnnl::primitive_attr OnednnAttr(std::string_view activation) {
  dnnl::primitive_attr attr = OnednnAttr();
  if (activation == "none") return attr;
  dnnl::post_ops post;
  post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attr.set_post_ops(post);
  return attr;
}

}  // namespace lockstep::ops
