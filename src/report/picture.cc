#include "report/picture.h"

#include "core/check.h"
#include "crypto/base64.h"
#include "report/blocks_internal.h"
#include "report/html_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace assay::report {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

/// A file's name as a relative address: it begins with `./`, so that no colon makes a scheme of it.
std::string address_of(std::string_view file_name) {
  std::string address = "./";
  for (const char character : file_name) {
    const bool is_letter = (character >= 'a' && character <= 'z') ||
                           (character >= 'A' && character <= 'Z') ||
                           (character >= '0' && character <= '9');
    if (is_letter || std::string_view("-._~").contains(character)) {
      address += character;
    } else {
      const auto byte = static_cast<unsigned char>(character);
      address += '%';
      address += kHexDigits[byte >> 4U];
      address += kHexDigits[byte & 15U];
    }
  }
  return address;
}

void append_frame(std::string& markup, const Picture& picture, const PictureFrame& frame) {
  const auto at = [](double share, std::uint32_t size) {
    return std::clamp(share, 0.0, 1.0) * static_cast<double>(size);
  };
  const double left = at(frame.left, picture.width);
  const double top = at(frame.top, picture.height);
  const double width = std::max(0.0, at(frame.right, picture.width) - left);
  const double height = std::max(0.0, at(frame.bottom, picture.height) - top);
  fmt::format_to(std::back_inserter(markup),
                 "<path class=\"shade\" fill-rule=\"evenodd\" d=\"M0 0H{}V{}H0Z"
                 "M{:.1f} {:.1f}v{:.1f}h{:.1f}v{:.1f}Z\"/>"
                 "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                 "height=\"{:.1f}\"/>",
                 picture.width, picture.height, left, top, height, width, -height, left, top, width,
                 height);
}

void append_picture(std::string& markup, const Picture& picture) {
  const auto append = [&]<typename... Parts>(fmt::format_string<const Parts&...> format,
                                             const Parts&... parts) {
    fmt::format_to(std::back_inserter(markup), format, parts...);
  };
  append("<figure class=\"picture {}\">", tone_class(picture.tone));
  if (picture.jpeg.empty()) {
    append(R"(<div class="no-picture" role="img" aria-label="{}">{}</div>)",
           escape(picture.description), escape(picture.missing));
  } else {
    append(
        "<svg viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\"><image width=\"{0}\" "
        "height=\"{1}\" href=\"data:image/jpeg;base64,",
        picture.width, picture.height, escape(picture.description));
    markup += crypto::base64_encode(picture.jpeg);
    markup += "\"/>";
    if (picture.frame) append_frame(markup, picture, *picture.frame);
    markup += "</svg>";
  }
  append("<figcaption>{}</figcaption></figure>\n", picture.caption.markup());
}

}  // namespace

Html render(std::span<const Picture> pictures) {
  std::string markup = "<div class=\"pictures\">\n";
  for (const Picture& picture : pictures) append_picture(markup, picture);
  return HtmlBuilder::from_markup(markup + "</div>\n");
}

Html card(const Html& heading, const Html& content, CardFlag flag) {
  return HtmlBuilder::from_markup(fmt::format(
      "<article class=\"card{}\">\n<h3>{}</h3>\n{}</article>\n",
      flag == CardFlag::kFlagged ? " flagged" : "", heading.markup(), content.markup()));
}

Html flagged_only_box(std::string_view label) {
  return HtmlBuilder::from_markup(
      fmt::format("<input type=\"checkbox\" id=\"flagged-only\"><label for=\"flagged-only\">{}"
                  "</label>\n",
                  escape(label)));
}

Html link(const FileLink& link) {
  return HtmlBuilder::from_markup(
      fmt::format("<a href=\"{}\">{}</a>", address_of(link.file_name), escape(link.text)));
}

Html page_links(std::span<const FileLink> links, std::size_t current) {
  CHECK(current < links.size(), "the page is one of those that are linked");
  std::string markup = "<p class=\"page-links\">";
  for (std::size_t i = 0; i < links.size(); ++i) {
    markup += i == current ? strong(links[i].text).markup() : link(links[i]).markup();
    markup += ' ';
  }
  return HtmlBuilder::from_markup(markup + "</p>\n");
}

}  // namespace assay::report
