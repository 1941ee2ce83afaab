#include "cli/program.h"

int main(int argc, char** argv) { return rha::cli::Main(argc, argv); }
