/// \file
/// What the recorder adds, while it adds it: a stream of events, and a page that shows them.

#pragma once

#include "net/event_feed.h"
#include "net/http_server.h"
#include "recorder/recorder.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace assay::serve {

/// For RecorderOptions::on_line: each line becomes an event `record`, `feedback` or `config_change`
/// of `feed`, whose id is the sequence number in the journal.
std::function<void(const recorder::NewLine& line)> feed_writer(
    std::shared_ptr<net::EventFeed> feed);

struct LivePageHead {
  std::string folder = {};   ///< The data folder, as the page names it.
  std::string made_by = {};  ///< For the page's foot.
};

/// `/v1/history/events`, the events of `feed`, and `/`, the page. Lifetime: `recorder` outlives
/// them.
std::vector<net::HttpRoute> live_routes(const recorder::Recorder& recorder,
                                        const std::shared_ptr<net::EventFeed>& feed,
                                        const LivePageHead& head);

}  // namespace assay::serve
