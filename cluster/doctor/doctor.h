// SPDX-License-Identifier: Apache-2.0
// `lockstep doctor`: whether this machine, as this process sees it, is fit for training, and how
// fast it can be at most.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "cluster/console/console.h"
#include "cluster/doctor/finding.h"
#include "comm/rendezvous/launch_environment.h"
#include "worker/device/ceilings.h"

namespace lockstep::cluster {

struct DoctorOptions {
  std::string run = "runs";  // whose file system is looked at; need not exist
  std::string write_spec;    // write the DeviceSpec with its measured ceilings here; empty: nowhere
  bool measure = true;       // the ceilings, about a second
  bool json = false;
  comm::Environment environment = comm::ProcessEnvironment();
  // For tests: what stands before /proc and /sys, and how ceilings are measured.
  std::string root;
  std::function<Result<worker::Ceilings>(int threads)> measure_ceilings = worker::MeasureCeilings;
};

// Writes every finding with its verdict and remedy to `out`. OK unless one is a problem
// (failed-precondition, 78), or the spec cannot be written. That ceilings could not be measured is
// a finding too, and no problem.
Status RunDoctor(const DoctorOptions& options, Console* console);

}  // namespace lockstep::cluster
