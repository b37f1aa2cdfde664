// SPDX-License-Identifier: Apache-2.0
// The plan verifier: proves that a plan computes its graph, however its memory was planned. It runs
// the plan over an arena that remembers which value lies where. What is proved:
//
// - Every input is read whole from where it was written, and nothing was written over it since.
// - Nothing is written over a value that is still to be read, but by an output in the very place of
//   an input that dies there, where the op says that they may be one (Op::may_alias).
// - So two byte ranges of the arena overlap only where one value's life ends before the other's
//   begins, or by such a pair. Workspaces count as values of their node.
// - Every result is written once, or copied from an argument or an earlier result.
//
// A plan runs on one stream, so the order of its nodes is the order in time.
#pragma once

#include "graph/plan/plan.h"

namespace lockstep::graph {

// `live` is the graph the plan was made of, without dead code; its nodes are the plan's. An error
// names the layer, the op, and both values that meet.
Status VerifyPlan(const Graph& live, const Plan& plan);

}  // namespace lockstep::graph
