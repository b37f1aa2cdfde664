// SPDX-License-Identifier: Apache-2.0
#include "worker/run/data_metadata.h"

#include <nlohmann/json.hpp>

namespace lockstep::worker {

storage::TensorMetadata DataMetadata(const TrainConfig& config, const RunSetup& setup) {
  using nlohmann::json;
  const storage::DatasetInfo& info = setup.dataset->info();
  const graph::ProgramOptions& options = setup.model->program().options();
  const Shape& image = options.eval_image.rank() == 0 ? options.image : options.eval_image;
  return {{"classes", json(info.classes()).dump()},
          {"image", json(image.dims()).dump()},
          {"augment_val", json(config.augment_val).dump()},
          {"channel_mean", json(info.channel_mean).dump()},
          {"channel_std", json(info.channel_std).dump()},
          {"dataset_digest", info.digest.ToHex()}};
}

}  // namespace lockstep::worker
