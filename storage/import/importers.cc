// SPDX-License-Identifier: Apache-2.0
// The list of importers: a new one is one folder and one line here.
#include "base/suggest.h"
#include "storage/importers/cifar/cifar_importer.h"
#include "storage/importers/csv/csv_importer.h"
#include "storage/importers/idx/idx_importer.h"
#include "storage/importers/imagefolder/imagefolder_importer.h"
#include "storage/importers/importer.h"
#include "storage/importers/segmentation_folder/segmentation_folder_importer.h"
#include "storage/importers/voc/voc_importer.h"
#include "storage/importers/webdataset/webdataset_importer.h"

namespace lockstep::storage {

const std::vector<ImporterKind>& ImporterKinds() {
  static const std::vector<ImporterKind> kKinds = {
      ImageFolderKind(),        Cifar10Kind(), Cifar100Kind(), FashionMnistKind(), IdxKind(),
      SegmentationFolderKind(), CsvKind(),     VocKind(),      WebDatasetKind()};
  return kKinds;
}

Result<std::unique_ptr<Importer>> OpenSource(std::string_view name, ImportSource source) {
  std::vector<std::string> names;
  for (const ImporterKind& kind : ImporterKinds()) {
    names.push_back(kind.name);
    if (kind.name != name) continue;
    ASSIGN_OR_RETURN(source.options,
                     kind.options.Complete(source.options, "source '" + kind.name + "'"));
    Result<std::unique_ptr<Importer>> importer = kind.open(source);
    if (importer.ok() || importer.status().code() == StatusCode::kCancelled ||
        kind.detect(source.path)) {
      return importer;
    }
    for (const ImporterKind& other : ImporterKinds()) {
      if (other.name == name || !other.detect(source.path)) continue;
      return Status(
          importer.status().code(),
          importer.status().message() + " (it looks like a source of kind '" + other.name + "')");
    }
    return importer;
  }
  return InvalidArgument("there is no kind of source '" + std::string(name) + "'" +
                         Suggestion(name, names));
}

}  // namespace lockstep::storage
