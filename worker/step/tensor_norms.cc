// SPDX-License-Identifier: Apache-2.0
#include "worker/step/tensor_norms.h"

#include <bit>
#include <span>

#include "base/check.h"
#include "base/math.h"
#include "comm/reduce/canonical_tree.h"

namespace lockstep::worker {
namespace {

// The owner of each word: every block has as many as there are norms.
std::vector<Rank> OwnersOfWords(const std::vector<Rank>& owners, size_t norms) {
  std::vector<Rank> of_words;
  for (const Rank owner : owners) of_words.insert(of_words.end(), norms, owner);
  return of_words;
}

}  // namespace

TensorNorms::TensorNorms(const CompiledModel* model, comm::Communicator* communicator,
                         const std::vector<Rank>& owners, size_t norms)
    : model_(model),
      norms_(norms),
      gather_(communicator, OwnersOfWords(owners, norms)),
      blocks_of_(model->program().parameters().size()) {
  const auto& blocks = model->space().blocks();
  for (size_t i = 0; i < blocks.size(); ++i) {
    Range& of = blocks_of_[static_cast<size_t>(blocks[i].tensor)];
    if (of.size() == 0) of.begin = static_cast<int64_t>(i);
    of.end = static_cast<int64_t>(i) + 1;  // the blocks of a tensor lie side by side
  }
}

Status TensorNorms::Gather(std::vector<double>* squares, Stream* stream, Deadline deadline) {
  CHECK_EQ(squares->size(), model_->space().blocks().size() * norms_);
  std::vector<uint64_t> words;
  for (const double square : *squares) words.push_back(std::bit_cast<uint64_t>(square));
  RETURN_IF_ERROR(gather_.Run(&words, stream, deadline));
  for (size_t i = 0; i < words.size(); ++i) (*squares)[i] = std::bit_cast<double>(words[i]);
  return OkStatus();
}

double TensorNorms::Global(const std::vector<double>& squares) const {
  CHECK_EQ(norms_, size_t{1});
  return math::Sqrt(comm::CanonicalSum(std::span<const double>(squares)));
}

std::vector<double> TensorNorms::OfTensor(const std::vector<double>& squares, size_t tensor) const {
  const Range blocks = blocks_of_[tensor];
  std::vector<double> norms;
  for (size_t norm = 0; norm < norms_; ++norm) {
    std::vector<double> terms;
    for (int64_t block = blocks.begin; block < blocks.end; ++block) {
      terms.push_back(squares[static_cast<size_t>(block) * norms_ + norm]);
    }
    norms.push_back(math::Sqrt(comm::CanonicalSum(std::span<const double>(terms))));
  }
  return norms;
}

}  // namespace lockstep::worker
