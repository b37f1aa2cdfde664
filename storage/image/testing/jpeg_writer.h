// SPDX-License-Identifier: Apache-2.0
// For tests: JPEG files of every kind that libjpeg can write, of the pixels that are given.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// jpeglib.h needs cstdio in front of it.
#include <jpeglib.h>

#include "storage/image/image.h"

namespace lockstep::storage {

struct JpegKind {
  int horizontal = 1;  // luma samples for each chroma sample: 2 and 2 are 4:2:0
  int vertical = 1;
  int quality = 85;
  int restart_rows = 0;    // a restart marker after so many rows of MCUs; 0 for none
  int restart_blocks = 0;  // a restart marker after so many MCUs; 0 for none
  bool progressive = false;
  bool one_scan = false;   // a progressive file that ends after its first scan: averages alone
  bool own_scans = false;  // a baseline file with a scan for each component
  bool arithmetic = false;
  bool ycck = false;         // of four channels
  bool rgb = false;          // of three channels, stored as they are
  bool adobe_marker = true;  // of four channels
};

// `pixels` are H W C with 1, 3 (red, green, blue) or 4 (cyan, magenta, yellow, black) channels.
inline std::string WriteJpeg(const uint8_t* pixels, const ImageSize& size, const JpegKind& kind) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);  // ends the process where something is wrong
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long bytes = 0;  // NOLINT: libjpeg's type
  jpeg_mem_dest(&info, &data, &bytes);
  info.image_height = static_cast<JDIMENSION>(size.height);
  info.image_width = static_cast<JDIMENSION>(size.width);
  info.input_components = static_cast<int>(size.channels);
  info.in_color_space = size.channels == 1   ? JCS_GRAYSCALE
                        : size.channels == 3 ? JCS_RGB
                                             : JCS_CMYK;
  jpeg_set_defaults(&info);
  if (kind.rgb) jpeg_set_colorspace(&info, JCS_RGB);
  if (kind.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
  jpeg_set_quality(&info, kind.quality, TRUE);
  info.comp_info[0].h_samp_factor = kind.horizontal;
  info.comp_info[0].v_samp_factor = kind.vertical;
  if (size.channels == 4) {  // black has as many samples as luma
    info.comp_info[3].h_samp_factor = kind.horizontal;
    info.comp_info[3].v_samp_factor = kind.vertical;
    info.write_Adobe_marker = kind.adobe_marker ? TRUE : FALSE;
  }
  info.restart_in_rows = kind.restart_rows;
  info.restart_interval = static_cast<unsigned>(kind.restart_blocks);
  info.arith_code = kind.arithmetic ? TRUE : FALSE;
  if (kind.progressive) jpeg_simple_progression(&info);
  std::vector<jpeg_scan_info> scans;
  if (kind.one_scan) info.num_scans = 1;
  if (kind.own_scans) {
    for (int c = 0; c < info.num_components; ++c) scans.push_back({1, {c, 0, 0, 0}, 0, 63, 0, 0});
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
  jpeg_start_compress(&info, TRUE);
  for (int64_t y = 0; y < size.height; ++y) {
    auto* row = const_cast<JSAMPLE*>(pixels + y * size.width * size.channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<const char*>(data), bytes);
  std::free(data);
  return file;
}

}  // namespace lockstep::storage
