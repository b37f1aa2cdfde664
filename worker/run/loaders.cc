// SPDX-License-Identifier: Apache-2.0
#include "worker/run/loaders.h"

namespace lockstep::worker {

storage::TrainLoaderOptions LoaderOptionsOf(const TrainConfig& config,
                                            const storage::OrderSpec& order) {
  storage::TrainLoaderOptions options;
  options.split = config.data.train;
  options.order = order;
  options.augment = config.augment_train;
  options.dtype = config.precision;
  options.epochs = config.epochs;
  options.prefetch_steps = kPrefetchSteps;
  return options;
}

Result<std::unique_ptr<storage::TrainLoader>> MakeTrainLoader(const TrainConfig& config,
                                                              const RunSetup& setup, Range lanes,
                                                              Epoch epoch, int64_t step_in_epoch) {
  storage::TrainLoaderOptions options = LoaderOptionsOf(config, setup.order);
  options.inputs = setup.model->program().inputs();
  options.lanes = lanes;
  options.start_epoch = epoch;
  options.start_step = step_in_epoch;
  options.threads = setup.sample_threads;
  return storage::TrainLoader::Make(setup.dataset.get(), options);
}

Result<std::unique_ptr<storage::EvalLoader>> MakeEvalLoader(const TrainConfig& config,
                                                            const RunSetup& setup) {
  storage::EvalLoaderOptions options;
  options.split = config.data.val;
  options.lanes = config.batch.lanes;
  options.eval_batch = config.eval.batch;
  options.augment = config.augment_val;
  options.inputs = setup.model->program().inputs();
  options.dtype = config.precision;
  return storage::EvalLoader::Make(setup.dataset.get(), options);
}

}  // namespace lockstep::worker
