// SPDX-License-Identifier: Apache-2.0
// The model functions, one file a family. Reached by name through models.h.
#pragma once

#include "graph/models/models.h"

namespace lockstep::graph {

// lenet.cc
Value LeNet5(const Net& n, Value x, const ModelOptions& options);
// mlp.cc
Value Mlp128x64(const Net& n, Value x, const ModelOptions& options);
Value Mlp400x400(const Net& n, Value x, const ModelOptions& options);
// convnet.cc
Value ConvNetBn(const Net& n, Value x, const ModelOptions& options);
Value SimpleCnn(const Net& n, Value x, const ModelOptions& options);

}  // namespace lockstep::graph
