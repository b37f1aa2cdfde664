// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/contract_check.h"

#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {

Status CheckAttrs(const OpCase& c) {
  const Attrs& attrs = c.sample->attrs;
  RETURN_IF_ERROR(c.op->check_attrs(attrs).WithContext("attributes of the sample"));
  ASSIGN_OR_RETURN(const Attrs read, Attrs::FromText(attrs.ToText()));
  if (!(read == attrs) || read.Hash() != attrs.Hash()) {
    return Internal("attributes " + attrs.ToText() + " read back as " + read.ToText());
  }
  Attrs more = attrs;
  more.Set("no_such_attribute", int64_t{1});
  if (c.op->check_attrs(more).ok()) return Internal("an unknown attribute was accepted");
  return OkStatus();
}

Status CheckInputCount(const OpCase& c) {
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    std::vector<TensorType> in = SampleTypes(*c.sample, precision);
    RETURN_IF_ERROR(c.op->infer(c.sample->attrs, in).status());
    in.push_back({precision, {2}});
    if (c.op->infer(c.sample->attrs, in).ok()) return Internal("an input too many was accepted");
    in.pop_back();
    if (in.empty()) continue;
    in.pop_back();
    if (c.op->infer(c.sample->attrs, in).ok()) return Internal("an input too few was accepted");
  }
  return OkStatus();
}

}  // namespace lockstep::ops
