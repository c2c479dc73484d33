#include "json/python_repr.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::json {
namespace {

struct Printed {
  std::uint64_t bits;
  std::string_view repr;
};

// What python3 prints for each of these bit patterns: the borders of the two forms, powers of ten,
// the smallest and largest doubles, and random ones.
constexpr Printed kPrintedByPython[] = {
    {0x0000000000000000U, "0.0"},
    {0x8000000000000000U, "-0.0"},
    {0x3ff0000000000000U, "1.0"},
    {0xbff0000000000000U, "-1.0"},
    {0x3fb999999999999aU, "0.1"},
    {0x3fe0000000000000U, "0.5"},
    {0x3f1a36e2eb1c432dU, "0.0001"},
    {0x3ee4f8b588e368f1U, "1e-05"},
    {0x3eef75104d551d69U, "1.5e-05"},
    {0x3e7ad7f29abcaf48U, "1e-07"},
    {0x419d6f3454000000U, "123456789.0"},
    {0x430c6bf526340000U, "1000000000000000.0"},
    {0x4341c37937e08000U, "1e+16"},
    {0x434aa535d3d0c000U, "1.5e+16"},
    {0x4341c37937e07fffU, "9999999999999998.0"},
    {0x4376345785d8a000U, "1e+17"},
    {0x437b69b4ba630f35U, "1.2345678901234568e+17"},
    {0x4480f0cf064dd592U, "1e+22"},
    {0x44b52d02c7e14af6U, "1e+23"},
    {0x0000000000000001U, "5e-324"},
    {0x7fefffffffffffffU, "1.7976931348623157e+308"},
    {0x0010000000000000U, "2.2250738585072014e-308"},
    {0x3fd3333333333333U, "0.3"},
    {0x3fd3333333333334U, "0.30000000000000004"},
    {0x4059000000000000U, "100.0"},
    {0x54b249ad2594c37dU, "1e+100"},
    {0x3fd5555555555555U, "0.3333333333333333"},
    {0x3fe5555555555555U, "0.6666666666666666"},
    {0x3f9eb851eb851eb8U, "0.03"},
    {0x3f202c9dedbc309dU, "0.0001234"},
    {0x3ee9e0fcaf9380fcU, "1.234e-05"},
    {0x7ff8000000000000U, "nan"},
    {0x7ff0000000000000U, "inf"},
    {0xfff0000000000000U, "-inf"},
    {0x4da4f9fc3c6da5d7U, "1.1045419098831014e+66"},
    {0xb8a1abcd1a6916c7U, "-6.647128420400007e-36"},
    {0x7a97c643656412a9U, "3.4524446051673457e+282"},
    {0x1710cf5327ac435aU, "1.4054875942029408e-197"},
    {0x0512bd1311072231U, "3.150362997740591e-284"},
    {0x8ca5996666ceab36U, "-9.653651588683685e-248"},
    {0x4a14876aeaff1a09U, "7.50078271268796e+48"},
    {0xfd724452ccea71ffU, "-1.866638964102222e+296"},
    {0x0f1099c6c3e1b258U, "4.078960746537913e-236"},
    {0x8534f45738d048ecU, "-1.4091605671420456e-283"},
    {0x5c3902b38963dc6eU, "1.8178637718570305e+136"},
    {0xc79d679346d4ac7aU, "-9.771351395048523e+36"},
    {0xd3addccb2c33be0aU, "-1.2458175746315168e+95"},
    {0x43000de01b2ed40eU, "564856975907457.8"},
    {0xf165c8ce36e2f24bU, "-1.7731771340406067e+238"},
    {0x06905269ed6f0b09U, "4.603789705963747e-277"},
    {0xa4042bb3d4341aadU, "-3.4689113360577604e-135"},
    {0x42a00403ce80c4b0U, "8804714889314.344"},
    {0x459142deccea2645U, "1.3355216041061672e+27"},
    {0x2a3187853184ff27U, "1.910768116266273e-105"},
    {0x4a25e4664f5253a0U, "1.5997732932795973e+49"},
    {0xde08caa1a0817910U, "-9.674114859876487e+144"},
    {0xf5ff0c03bb5d7385U, "-2.3867941279108224e+260"},
    {0xd93936e1daca3c06U, "-6.510983941208556e+121"},
    {0x5f552773e14b0190U, "1.731141783508195e+151"},
    {0xd8441b5616332acaU, "-1.5844951238395237e+117"},
    {0x566002249b191bf4U, "1.1748856599230613e+108"},
    {0x634f806fabf4a07cU, "2.3777249423852598e+170"},
    {0x3fb62d2c81862fc9U, "0.0866267982693777"},
    {0x3f5082492d83a823U, "0.0010076250674111518"},
    {0x47adec26793d0e45U, "1.988688713672261e+37"},
    {0xf1cfd99216df6486U, "-1.6591835586683681e+240"},
    {0xd160c5d0ef412ed6U, "-1.018245003048199e+84"},
    {0xf1347e0cdd905ecfU, "-2.085014511422572e+237"},
    {0xd7288ff68c320f89U, "-7.383774522286572e+111"},
    {0x01d89a024cdce7a6U, "9.183910398467904e-300"},
    {0x4abcb06ae8abb93fU, "1.0733878366311981e+52"},
    {0xb474c7e89286a175U, "-5.296939485440829e-56"},
    {0x4fcfa583e1df8af9U, "2.8628276580141864e+76"},
    {0xc3e4a892d9196adaU, "-1.1908809103823524e+19"},
    {0x31f3b9238224b122U, "4.572337973315558e-68"},
    {0x6c79a3de69f85e31U, "3.452684195148147e+214"},
    {0x49c7b59b995253fdU, "2.707135543736734e+47"},
    {0x738d243a6e58d5caU, "4.075102995959933e+248"},
    {0x3bb4a570294c4ea3U, "4.372011950115731e-21"},
    {0x4278c2614e1bcb38U, "1701445951932.7012"},
    {0xcc21ce88d0060cc5U, "-5.5887469423623e+58"},
    {0x14c15c910b11ad28U, "1.0561910039819437e-208"},
    {0x7671863c0bdbc23aU, "3.4488812980966054e+262"},
    {0xff5a52f1a05885acU, "-2.8883345367048994e+305"},
    {0x84d4cd1f47ca7883U, "-2.1857159996950044e-285"},
    {0xa5e333cb88dcf943U, "-3.5458930196697074e-126"},
    {0xb36cc9aa78a330a1U, "-5.598332947858096e-61"},
    {0x2522d53857c49391U, "8.490414046385504e-130"},
    {0xac7cc4a4ff4dab10U, "-2.1549301320564319e-94"},
    {0x11021c9e32111ac1U, "9.556846724202198e-227"},
    {0xbfc65316e2c458f0U, "-0.1744106871853499"},
    {0x4179c0bad2ee8f07U, "27003821.18324187"},
    {0xc0e5d8610e66ed15U, "-44739.033008063365"},
    {0xc23dd66a21467204U, "-128151331142.44537"},
    {0xc220b39626ac1a6dU, "-35866219350.05161"},
    {0xc0b789c18a3f3656U, "-6025.756015730634"},
    {0xbee0bc735dfc22f6U, "-7.98041122564281e-06"},
    {0x4044d0f5aedc61d8U, "41.63249765168047"},
    {0x42934b08189e7612U, "5303244826525.518"},
    {0x3f47bb038f41c59aU, "0.00072419809158768"},
    {0xbfa14c7a340990daU, "-0.03378660092565307"},
    {0xbe9c0fc9b4c39bbfU, "-4.1815149100096893e-07"},
    {0xc3403e1ba779b0dcU, "-9143776244359608.0"},
    {0xc08a163c0e1024fbU, "-834.7793236981664"},
    {0x40b2598f231c0876U, "4697.559129478517"},
    {0xc08e1cffe57a6125U, "-963.624949413385"},
    {0xbf6d3772152d1a3eU, "-0.0035664776018251845"},
    {0x4154ffc52d1693a0U, "5504788.70450297"},
    {0x429a4b192ad3d957U, "7227461776630.335"},
    {0x3f02e10302f03742U, "3.6008743670475174e-05"},
    {0xbfda7188661dc788U, "-0.4131794926862473"},
    {0x4088a156bb2848d3U, "788.167349161837"},
    {0xc12630a97e682051U, "-727124.7468881701"},
    {0x3f943c78e56c2447U, "0.01976193332942369"},
    {0xbe96a43d4ddbfc69U, "-3.373855416016271e-07"},
    {0xc17a11978c102c67U, "-27335032.753948595"},
    {0xc0f0226975b3e3acU, "-66086.59123600897"},
    {0x426cf0a342a326e8U, "994370524441.2158"},
    {0xbfe9c913cc7c4240U, "-0.805795573602218"},
    {0xbfc377d902abc9b0U, "-0.15209496145651036"},
    {0x3fb999999999999aU, "0.1"},
    {0x3faeb851eb851eb8U, "0.06"},
    {0x3fe3333333333333U, "0.6"},
    {0x3fe3689ca18bd662U, "0.60652"},
    {0x3fdf5c28f5c28f5cU, "0.49"},
    {0x3fd3333333333333U, "0.3"},
    {0x3fbf4d1633482be9U, "0.12227"},
    {0x3fd2bedfa43fe5c9U, "0.2929"},
    {0x3fe4cccccccccccdU, "0.65"},
    {0x3fdeb851eb851eb8U, "0.48"},
    {0x3fdc154c985f06f7U, "0.4388"},
    {0x3fa2e48e8a71de6aU, "0.0369"},
    {0x3fdc6256366d7a57U, "0.443502"},
    {0x3fec7ae147ae147bU, "0.89"},
    {0x3fe0000000000000U, "0.5"},
    {0x3fa2f1a9fbe76c8bU, "0.037"},
    {0x3fceb851eb851eb8U, "0.24"},
    {0x3fe8b6ae7d566cf4U, "0.7723"},
    {0x3febd70a3d70a3d7U, "0.87"},
    {0x3fd4cccccccccccdU, "0.325"},
};

TEST(PythonRepr, EqualsWhatPythonPrints) {
  for (const Printed& printed : kPrintedByPython) {
    EXPECT_EQ(python_repr(std::bit_cast<double>(printed.bits)), printed.repr);
  }
}

TEST(PythonRepr, ReadsBackTheSameDouble) {
  for (const Printed& printed : kPrintedByPython) {
    const std::string text = python_repr(std::bit_cast<double>(printed.bits));
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (printed.repr == "nan") continue;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(value), printed.bits) << text;
  }
}

TEST(PythonRepr, KnowsWhatItWouldWriteAsItIs) {
  for (const char* const text : {"0.0", "-0.0", "1.0", "0.1", "-12.345", "0.0001", "0.00012",
                                 "999999999999999.0", "99999999999999.9", "0.000123456789012345"}) {
    EXPECT_TRUE(is_python_repr(text)) << text;
  }
  for (const char* const text : {"",
                                 "-",
                                 ".",
                                 "1",
                                 "1.",
                                 ".5",
                                 "-.5",
                                 "00.5",
                                 "01.0",
                                 "1.50",
                                 "0.00",
                                 "1.0e5",
                                 "1e5",
                                 "0.00001",
                                 "1.2.3",
                                 "1.5 ",
                                 " 1.5",
                                 "+1.5",
                                 "nan",
                                 "1234567890123456.0",
                                 "0.1234567890123456",
                                 "1.a",
                                 "--1.0"}) {
    EXPECT_FALSE(is_python_repr(text)) << text;
  }
}

TEST(PythonRepr, NeverTakesForItsOwnWhatItWritesOtherwise) {
  SeededRandom random(5);
  std::size_t num_taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random.below(2) == 0 ? "-" : "";
    const std::uint64_t point = random.below(12);
    const std::uint64_t length = point + 1 + random.below(12);
    for (std::uint64_t place = 0; place < length; ++place) {
      if (place == point) text += '.';
      // Many zeros: what is to be told apart lies there.
      text += random.below(3) == 0 ? '0' : static_cast<char>('0' + random.below(10));
    }
    if (!is_python_repr(text)) continue;
    ++num_taken;
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    ASSERT_EQ(python_repr(number), text);
  }
  EXPECT_GT(num_taken, 10'000U);
}

}  // namespace
}  // namespace assay::json
