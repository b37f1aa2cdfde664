// SPDX-License-Identifier: Apache-2.0
// The geometry operations of an augmentation list, on bytes (H W C). Internal to storage/loader:
// augment.h says what each does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/philox.h"
#include "base/status.h"
#include "storage/image/image.h"
#include "storage/loader/augment.h"

namespace lockstep::storage {

// The random numbers of one operation on one image, in draw order.
class AugmentDraws {
 public:
  AugmentDraws(const AugmentStream& stream, uint32_t op_index);
  uint32_t Word();             // the next draw
  float Uniform();             // in [0, 1), one draw
  uint32_t Below(uint32_t n);  // in [0, n), one draw and one more for each rejection

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
};

class AugmentOp {
 public:
  virtual ~AugmentOp() = default;
  virtual bool random() const = 0;
  virtual Result<ImageSize> OutputSize(ImageSize in) const = 0;
  // `out` has room for OutputSize(size); it does not overlap `in`.
  virtual void Run(const uint8_t* in, ImageSize size, AugmentDraws* draws, uint8_t* out) const = 0;

  const std::string& text() const { return text_; }  // as the recipe says it

 protected:
  explicit AugmentOp(std::string text) : text_(std::move(text)) {}

 private:
  std::string text_;
};

std::unique_ptr<AugmentOp> MakeRandomCrop(std::string text, int64_t size, int64_t pad);
std::unique_ptr<AugmentOp> MakeHorizontalFlip(std::string text);
std::unique_ptr<AugmentOp> MakePad(std::string text, int64_t pad);

}  // namespace lockstep::storage
