// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/registry.h"

#include "base/check.h"

namespace lockstep::storage {
namespace {

std::string UpperCase(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

std::string AugmentKind::Form() const {
  std::string form = name;
  for (size_t i = 0; i < options.options().size(); ++i) {
    const std::string& option = options.options()[i].name;
    const std::string value = UpperCase(option);
    form += i < values ? ":" + value : "[:" + option + "=" + value + "]";
  }
  return form;
}

void AugmentRegistry::AddErased(AugmentKind kind) {
  for (const AugmentKind& other : kinds_) CHECK(other.name != kind.name) << kind.name;
  kinds_.push_back(std::move(kind));
}

const std::vector<AugmentKind>& AugmentKinds() {
  static const auto* const registry = [] {
    auto* const made = new AugmentRegistry;
    RegisterAllAugmentations(*made);
    return made;
  }();
  return registry->kinds();
}

}  // namespace lockstep::storage
