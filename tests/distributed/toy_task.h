// SPDX-License-Identifier: Apache-2.0
// A task of tests alone, with two networks and two phases: everything that a task may ask of the
// program and that classification does not.
//
//   phase "critic"   trains the critic:   loss(critic(stop(encoder(x))))
//   phase "encoder"  trains the encoder:  loss(critic(encoder(x)) + w critic(encoder(x / 2)))
//
// loss is the recipe's, against the labels; w = 1 / (1 + step) is a scalar of the step. The second
// phase calls both networks twice: once more with the same parameters, batch norm and dropout. Of
// training it adds up the losses of both phases, "critic_nats" and "encoder_nats", and the samples
// that the critic has right, "critic_hits".
#pragma once

#include <string_view>
#include <vector>

namespace lockstep::tests {

inline constexpr std::string_view kToyTask = "toy";
// The same two phases, the second in each third step only; in the first, and in evaluations, a
// tenth of normal deviates is added to the code that the critic sees.
inline constexpr std::string_view kToyByTurns = "toy-by-turns";
// The same networks in two phases that both train both of them. The second phase is the same in
// both tasks, but calls the networks in another order, so that its gradients come in another order
// than the parameters of the program.
inline constexpr std::string_view kToyInOrder = "toy-in-order";
inline constexpr std::string_view kToyReversed = "toy-reversed";

// A sample as the toy scores it: by the critic's logit of the class 0.
struct Scored {
  double score;
  bool positive;
};
// The mean, over the positive samples, of the share of positives among those with at least their
// score; ties go to the sample that stands first. 0 of no positives. It is the toy's metric "ap",
// which needs all samples of a split at once.
double AveragePrecision(std::vector<Scored> scored);

// Adds the tasks to those of the program, once.
void AddToyTasks();

}  // namespace lockstep::tests
