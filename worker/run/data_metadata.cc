// SPDX-License-Identifier: Apache-2.0
#include "worker/run/data_metadata.h"

#include <nlohmann/json.hpp>

namespace lockstep::worker {

storage::TensorMetadata DataMetadata(const TrainConfig& config, const RunSetup& setup) {
  using nlohmann::json;
  const storage::DatasetInfo& info = setup.dataset->info();
  const graph::ProgramOptions& options = setup.model->program().options();
  storage::TensorMetadata metadata = {{"classes", json(ClassNames(config, info)).dump()},
                                      {"outputs", std::to_string(options.model_options.classes)},
                                      {"image", json(options.image.dims()).dump()},
                                      {"channel_mean", json(info.channel_mean).dump()},
                                      {"channel_std", json(info.channel_std).dump()},
                                      {"dataset_digest", info.digest.ToHex()}};
  if (config.data.val.empty()) return metadata;
  metadata["augment_val"] = json(config.augment_val).dump();
  if (options.eval_image.rank() > 0) metadata["image"] = json(options.eval_image.dims()).dump();
  return metadata;
}

}  // namespace lockstep::worker
