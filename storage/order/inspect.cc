// SPDX-License-Identifier: Apache-2.0
#include "storage/order/inspect.h"

#include "storage/dataset/dataset.h"

namespace lockstep::storage {
namespace {

Result<OrderedSample> Describe(const Dataset& dataset, SampleId id) {
  ASSIGN_OR_RETURN(const Record record, dataset.Read(id));
  const Schema& schema = dataset.info().schema;
  const int32_t label = FactsOf(schema, record).label;
  OrderedSample sample = {id, std::string(record.source_path()), label, {}};
  if (label < 0) return sample;
  const auto field = static_cast<size_t>(schema.FirstOf(FieldKind::kLabel));
  const std::vector<std::string>& classes = schema.fields[field].classes;
  if (static_cast<size_t>(label) < classes.size()) {
    sample.label_name = classes[static_cast<size_t>(label)];
  }
  return sample;
}

}  // namespace

Result<std::vector<LaneSamples>> OrderOfStep(const Dataset& dataset, std::string_view split,
                                             const OrderSpec& spec, Epoch epoch,
                                             int64_t step_in_epoch) {
  ASSIGN_OR_RETURN(const SplitInfo found, dataset.info().Split(split));
  RETURN_IF_ERROR(Validate(spec));
  if (spec.samples != found.count || spec.shard_size != dataset.info().shard_size) {
    return InvalidArgument("an order of " + std::to_string(spec.samples) +
                           " samples in shards of " + std::to_string(spec.shard_size) +
                           " does not belong to split '" + found.name + "', which has " +
                           std::to_string(found.count) + " in " +
                           std::to_string(dataset.info().shard_size));
  }
  if (epoch.value < 0) {
    return InvalidArgument("epoch " + std::to_string(epoch.value) +
                           " does not exist; the first is 0");
  }
  const int64_t steps = StepsPerEpoch(spec);
  if (step_in_epoch < 0 || step_in_epoch >= steps) {
    return InvalidArgument("step " + std::to_string(step_in_epoch) +
                           " does not exist; an epoch has steps 0 to " + std::to_string(steps - 1));
  }
  EpochOrder order(spec, epoch);
  std::vector<LaneSamples> lanes;
  for (int32_t l = 0; l < spec.lanes; ++l) {
    LaneSamples lane = {Lane(l), {}};
    for (const uint64_t relative : order.LaneBatch(Lane(l), step_in_epoch)) {
      ASSIGN_OR_RETURN(OrderedSample sample,
                       Describe(dataset, SampleId(found.first_id + relative)));
      lane.samples.push_back(std::move(sample));
    }
    lanes.push_back(std::move(lane));
  }
  return lanes;
}

}  // namespace lockstep::storage
