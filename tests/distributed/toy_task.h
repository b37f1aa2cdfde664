// SPDX-License-Identifier: Apache-2.0
// A task of tests alone, with two networks and two phases: everything that a task may ask of the
// program and that classification does not.
//
//   phase "critic"   trains the critic:   loss(critic(stop(encoder(x))))
//   phase "encoder"  trains the encoder:  loss(critic(encoder(x)) + w critic(encoder(x / 2)))
//
// loss is the recipe's, against the labels; w = 1 / (1 + step) is a scalar of the step. The second
// phase calls both networks twice: once more with the same parameters, batch norm and dropout.
#pragma once

#include <string_view>

namespace lockstep::tests {

inline constexpr std::string_view kToyTask = "toy";
// The same networks in two phases that both train both of them. The second phase is the same in
// both tasks, but calls the networks in another order, so that its gradients come in another order
// than the parameters of the program.
inline constexpr std::string_view kToyInOrder = "toy-in-order";
inline constexpr std::string_view kToyReversed = "toy-reversed";

// Adds the tasks to those of the program, once.
void AddToyTasks();

}  // namespace lockstep::tests
