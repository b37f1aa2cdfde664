// SPDX-License-Identifier: Apache-2.0
#include "worker/run/evaluate.h"

#include "base/device/queue_stream.h"
#include "comm/local/local_world.h"
#include "worker/model/run_setup.h"
#include "worker/model/weights.h"
#include "worker/report/named_weights.h"
#include "worker/run/loaders.h"

namespace lockstep::worker {

Result<WeightsEvaluation> EvaluateWeights(const TrainConfig& config, const std::string& name,
                                          const EvalProgress& progress, bool per_class) {
  if (config.data.val.empty()) {
    return InvalidArgument("no split to evaluate: data.val is empty; name one with --split");
  }
  TrainConfig alone = config;
  alone.run.ranks = 1;
  ASSIGN_OR_RETURN(const RunSetup setup, SetUp(alone));
  ASSIGN_OR_RETURN(ModelState state, ModelState::Make(*setup.model, std::nullopt, {}));
  ASSIGN_OR_RETURN(NamedWeights weights, FindWeights(name));
  if (config.eval.weights == "ema") {
    ASSIGN_OR_RETURN(weights, AveragesOf(std::move(weights)));
  }
  RETURN_IF_ERROR(LoadWeights(*setup.model, weights, &state));
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::EvalLoader> loader, MakeEvalLoader(alone, setup));
  ASSIGN_OR_RETURN(const std::unique_ptr<LaneWorkspaces> workspaces,
                   LaneWorkspaces::Make(*setup.model, setup.lanes_at_once));
  comm::LocalWorld world(1);
  const std::unique_ptr<comm::Communicator> communicator = world.MakeRank(Rank(0));
  QueueStream stream;
  Evaluator evaluator(setup.model.get(), workspaces.get(), loader.get(), {0, config.batch.lanes});
  Evaluator::Options run;
  run.progress = progress;
  run.seed = config.seed;
  WeightsEvaluation evaluation;
  ASSIGN_OR_RETURN(evaluation.result, evaluator.Run(&state, communicator.get(), &stream, run));
  if (per_class) {
    ASSIGN_OR_RETURN(evaluation.per_class,
                     setup.model->program().task().PerClass(
                         evaluation.result.gathered, ClassNames(alone, setup.dataset->info())));
  }
  return evaluation;
}

}  // namespace lockstep::worker
