// SPDX-License-Identifier: Apache-2.0
// The only file that includes spdlog.
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <memory>
#include <mutex>
#include <vector>

#include "base/mutex.h"
#include "base/terminal.h"

namespace lockstep {
namespace {

thread_local std::string thread_prefix;

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  CHECK(false) << "unknown log level " << static_cast<int>(level);
  return spdlog::level::err;
}

// Whole lines, so that those of several processes do not mix; over a progress bar, which its owner
// draws again.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    std::string line = StderrIsTerminal() ? EraseLineText(StderrColumns(80)) : std::string();
    WriteToStderr(line.append(formatted.data(), formatted.size()));
  }
  void flush_() override {}
};

std::shared_ptr<spdlog::logger> MakeLogger(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.to_stderr) sinks.push_back(std::make_shared<StderrSink>());
  if (!options.file.empty()) {
    sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
  }
  auto logger = std::make_shared<spdlog::logger>("lockstep", sinks.begin(), sinks.end());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  logger->set_level(SpdlogLevel(options.level));
  logger->flush_on(spdlog::level::warn);
  return logger;
}

// The logger in use. Whoever writes a line holds a share, so that it may be replaced meanwhile.
class CurrentLogger {
 public:
  std::shared_ptr<spdlog::logger> Get() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return logger_;
  }
  void Set(std::shared_ptr<spdlog::logger> logger) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    logger_ = std::move(logger);
  }

 private:
  Mutex mutex_;
  std::shared_ptr<spdlog::logger> logger_ GUARDED_BY(mutex_) = MakeLogger({});
};

CurrentLogger& Current() {
  static auto* const current = new CurrentLogger;  // never destroyed: threads may log to the end
  return *current;
}

}  // namespace

Status StartLogging(const LogOptions& options) {
  try {
    Current().Set(MakeLogger(options));
  } catch (const spdlog::spdlog_ex& error) {
    return IoError("cannot open the log file '" + options.file + "': " + error.what() +
                   "; check that its folder exists and can be written");
  }
  return OkStatus();
}

void FlushLogs() { Current().Get()->flush(); }

bool LogEnabled(LogLevel level) { return Current().Get()->should_log(SpdlogLevel(level)); }

void Log(LogLevel level, std::string_view message) {
  std::string line;
  if (!thread_prefix.empty()) line = "[" + thread_prefix + "] ";
  line += message;
  Current().Get()->log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

LogPrefix::LogPrefix(std::string text) : former_(std::move(thread_prefix)) {
  thread_prefix = std::move(text);
}
LogPrefix::~LogPrefix() { thread_prefix = std::move(former_); }

}  // namespace lockstep
