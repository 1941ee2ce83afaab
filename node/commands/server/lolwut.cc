// LOLWUT: the computer art of Redis 5 and 6, and the version.
#include <algorithm>
#include <string>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/server/canvas.h"

namespace rha::node::commands {
namespace {

struct Picture {
  std::string text, legend;
};

int Below(Context& ctx, int bound) {
  return static_cast<int>(ctx.keyspace.prng().Below(static_cast<uint64_t>(bound)));
}

// The number at `i` of the words, or its default, brought within 1 and `high`.
bool ParseSize(Context& ctx, Args words, size_t i, int high, int* size) {
  if (i >= words.size()) return true;
  int64_t value = 0;
  if (!ParseInteger(ctx, words[i], &value)) return false;
  *size = static_cast<int>(std::clamp<int64_t>(value, 1, high));
  return true;
}

// After Georg Nees, 1968: squares that lose their order from row to row.
bool Schotter(Context& ctx, Args words, Picture* picture) {
  constexpr int kColumnsMax = 1000, kSquaresMax = 200;
  constexpr float kHeightMax = 4000;  // in points, however few squares fill the width
  int columns = 66, per_row = 8, rows = 12;
  if (!ParseSize(ctx, words, 0, kColumnsMax, &columns) ||
      !ParseSize(ctx, words, 1, kSquaresMax, &per_row) ||
      !ParseSize(ctx, words, 2, kSquaresMax, &rows)) {
    return false;
  }
  const int width = columns * 2;
  const int padding = width > 4 ? 2 : 0;
  const float side = static_cast<float>(width - padding * 2) / static_cast<float>(per_row);
  rows = std::min(rows, std::max(1, static_cast<int>(kHeightMax / std::max(1.0F, side))));
  Canvas canvas(width, static_cast<int>(side * static_cast<float>(rows)) + padding * 2, 0);
  const auto disorder = [&](int row) {
    const float most = static_cast<float>(row) / static_cast<float>(rows);
    return (static_cast<float>(Below(ctx, 20'001)) / 10'000 - 1) * most;
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < per_row; ++column) {
      const auto centre = [&](int index) {
        return static_cast<float>(index) * side + side / 2 + static_cast<float>(padding);
      };
      float angle = 0, x = centre(column), y = centre(row);
      if (row > 1) {
        angle = disorder(row);
        x += disorder(row) * side / 3;
        y += disorder(row) * side / 3;
      }
      canvas.DrawSquare(static_cast<int>(x), static_cast<int>(y), side, angle);
    }
  }
  *picture = {canvas.Braille(), "\nGeorg Nees - schotter, plotter on paper, 1968. "};
  return true;
}

struct House {
  int left, width, height;
  uint8_t color;
  bool windows;
};

void DrawHouse(Context& ctx, const House& house, Canvas* canvas) {
  const int ground = canvas->height() - 1;
  const int roof = ground - house.height + 1;
  const int right = house.left + house.width - 1;
  for (int y = ground; y >= roof; --y) {
    const int eaves = y == roof ? 2 : 0;
    for (int x = house.left + eaves; x <= right - eaves; ++x) {
      uint8_t color = house.color;
      const bool inside = x > house.left + 1 && x < right - 1 && y > roof + 1 && y < ground - 1;
      const int from_left = x - house.left - 1, from_top = y - roof - 1;
      // A window is two points wide, of one colour.
      if (house.windows && inside && from_left / 2 % 2 == 1 && from_top % 2 == 1) {
        color =
            from_left % 2 == 0 ? static_cast<uint8_t>(1 + Below(ctx, 2)) : canvas->Read(x - 1, y);
      }
      canvas->Draw(x, y, color);
    }
  }
}

// A skyline as in games of eight bits: two rows of grey houses, and black ones with windows.
bool Skyline(Context& ctx, Args words, Picture* picture) {
  constexpr int kSizeMax = 1000;
  int columns = 80, rows = 20;
  if (!ParseSize(ctx, words, 0, kSizeMax, &columns) || !ParseSize(ctx, words, 1, kSizeMax, &rows)) {
    return false;
  }
  Canvas canvas(columns, rows, 3);
  for (int color = 2; color >= 0; --color) {
    for (int left = -10; left < columns;) {
      left += Below(ctx, 8);
      const int width = color == 0 ? 6 + 2 * Below(ctx, 7) : 10 + Below(ctx, 9);
      const int least = color == 0 ? rows / 3 : rows / 2;
      const int height = least + Below(ctx, rows) / (color == 1 ? 3 : 2);
      DrawHouse(ctx, {left, width, height, static_cast<uint8_t>(color), color == 0}, &canvas);
      left += color == 2 ? width / 2 : color == 1 ? width + 1 : width + 5;
    }
  }
  *picture = {canvas.Shades(),
              "\nDedicated to the 8 bit game developers of past and present.\n"
              "Original 8 bit image from Plaguemon by hikikomori. "};
  return true;
}

void Lolwut(Context& ctx) {
  Args words = ctx.args.subspan(1);
  int64_t version = 0;
  if (words.size() >= 2 && EqualsIgnoreCase(words[0], "version")) {
    if (!ParseInteger(ctx, words[1], &version)) return;
    words = words.subspan(2);
  }
  Picture picture;
  if (version == 5 && !Schotter(ctx, words, &picture)) return;
  if (version == 6 && !Skyline(ctx, words, &picture)) return;
  ctx.reply.Verbatim("txt", picture.text + picture.legend + "Redis ver. " +
                                std::string(dispatch::kRedisVersion) + "\n");
}

constexpr CommandSpec kRows[] = {
    {"lolwut", Lolwut, -1, kReadonly | kFast},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows LolwutRows() { return kRows; }

}  // namespace rha::node::commands
