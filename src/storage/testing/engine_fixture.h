/// \file
/// Tests drive an ExistenceEngine through this fixture, against a bucket in memory.

#pragma once

#include "core/testing/fake_clock.h"
#include "storage/existence_engine_internal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace assay::storage::testing {

net::HttpResponse response(int status, std::string body = "",
                           std::vector<net::HttpHeader> headers = {});

/// A bucket in memory behind the JSON API, which can be told to answer otherwise.
struct FakeBucket {
  std::set<std::string> objects;
  std::size_t page_size = 1000;
  bool denies_lists = false;
  bool lists_out_of_order = false;
  /// What comes first for a name, or for "LIST"; then the true answer.
  std::map<std::string, std::deque<Result<net::HttpResponse>>> first_answers;
  /// What always comes for a name.
  std::map<std::string, Result<net::HttpResponse>> always;
  std::map<std::string, int> asked;
  int num_lists = 0;

  /// Errors: those it was told to answer with.
  Result<net::HttpResponse> answer(const net::HttpRequest& request);

 private:
  net::HttpResponse list(const std::string& query);
};

class EngineTest : public ::testing::Test {
 protected:
  void claim(const std::string& name) { names_.push_back(name); }
  /// `count` names in `folder`, which store_many() gives alike.
  void claim_many(const std::string& folder, int count);
  void store_many(const std::string& folder, int count);

  /// Made at the first call, of what is claimed by then.
  ExistenceEngine& engine();

  /// Drive the engine until it has no more requests. Errors: those of the engine.
  Status drive(ExistenceEngine::Reach reach = ExistenceEngine::Reach::kAll);

  std::size_t count(Presence presence) const;

  AddressScheme scheme_ = AddressScheme::kGcs;
  ExistenceOptions options_;
  FakeBucket bucket_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
  std::vector<std::string> names_;
  std::vector<ObjectAddress> addresses_;
  std::optional<ExistenceEngine> engine_;
  std::map<std::string, ExistenceVerdict> verdicts_;
  std::size_t max_under_way_ = 0;
  std::chrono::nanoseconds waited_{0};
};

}  // namespace assay::storage::testing
