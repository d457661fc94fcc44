#!/usr/bin/env bash
# Builds the packages: packaging/build.sh [OUT [ARCH...]]; by default into dist/, for amd64 and arm64. The same commit gives
# the same bytes: paths are trimmed, times are the commit's.
#
# The package of rules and dashboards has the page that shows the dashboards without Grafana, which takes npm to build.
# VIEWER=FOLDER takes the page from where it has been built elsewhere; VIEWER=none leaves it out.
set -euo pipefail
cd "$(dirname "$0")/.."

OUT=${1:-dist}
shift || true
[ $# -gt 0 ] || set -- amd64 arm64
GO=${GO:-go}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
export BUILD="$OUT/build"
rm -rf "$BUILD"
mkdir -p "$BUILD"

export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
VERSION=${VERSION:-$(git describe --tags --always --dirty)}
REVISION=${REVISION:-$(git rev-parse --short HEAD)}
# Versions of packages begin with a number. What has no tag yet sorts before every release, by its date.
case $VERSION in
v[0-9]*) export PACKAGE_VERSION=${VERSION#v} ;;
[0-9]*.*) export PACKAGE_VERSION=$VERSION ;;
*) export PACKAGE_VERSION=0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).$REVISION ;;
esac
PACKAGE_VERSION=${PACKAGE_VERSION//-/+}

VIEWER=${VIEWER:-build}
if [ "$VIEWER" = build ] && ! command -v npm >/dev/null; then
	echo "The page with the dashboards takes npm to build, and npm is not here. Install it, or say where the page has been" >&2
	echo "built (VIEWER=FOLDER), or build packages without it, which are not for a release (VIEWER=none)." >&2
	exit 1
fi

# page puts the page with the dashboards, or nothing, where the recipes take it from.
page() {
	mkdir "$BUILD/viewer"
	case $VIEWER in
	none)
		echo "VIEWER=none: the packages have no page with the dashboards" >&2
		;;
	build)
		make --no-print-directory dashboards/viewer/node_modules/.package-lock.json
		npm --prefix dashboards/viewer run build -- --outDir "$BUILD/viewer" --emptyOutDir --logLevel warn
		;;
	*)
		cp -R "$VIEWER/." "$BUILD/viewer"
		;;
	esac
	[ "$VIEWER" = none ] || test -s "$BUILD/viewer/index.html"
	[ "$VIEWER" = none ] || test -s "$BUILD/viewer/licenses.txt"
	[ "$VIEWER" = none ] || cp "$BUILD/viewer/sbom.cdx.json" "$OUT/wire_exporter_viewer.cdx.json"
}

prom=github.com/prometheus/common/version
ldflags="-s -w -X $prom.Version=$VERSION -X $prom.Revision=$REVISION"

compile() { # compile ARCH PACKAGE OUTPUT [FLAG...]
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 "$GO" build -trimpath -ldflags "$ldflags" -o "$3" "${@:4}" "$2"
}

nfpm="$BUILD/nfpm"
"$GO" build -C packaging/stack/tools -o "$nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm

# The man page and the completions are the program's own word.
compile "$("$GO" env GOHOSTARCH)" ./exporter "$BUILD/native"
"$BUILD/native" --help-man | gzip -9n >"$BUILD/wire_exporter.1.gz"
"$BUILD/native" --completion-script-bash >"$BUILD/wire_exporter.bash"
"$BUILD/native" --completion-script-zsh >"$BUILD/wire_exporter.zsh"
page
{
	echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
	echo "Upstream-Name: wire_exporter"
	echo
	echo "Files: *"
	echo "Copyright: The wire_exporter authors; the modules linked into the program are listed in NOTICE"
	echo "License: Apache-2.0"
	echo " On Debian systems the whole licence is in /usr/share/common-licenses/Apache-2.0."
} >"$BUILD/copyright"
{
	cat "$BUILD/copyright"
	echo
	echo "Files: usr/share/wire_exporter/viewer/*"
	echo "Copyright: The wire_exporter authors, and those of the packages that licenses.txt in that folder names"
	echo "License: Apache-2.0 and MIT and ISC and BSD-3-Clause and 0BSD and OFL-1.1"
	echo " Which package is under which licence, and their texts, are in /usr/share/wire_exporter/viewer/licenses.txt."
} >"$BUILD/copyright-rules"

for arch in "$@"; do
	export ARCH=$arch
	compile "$arch" ./exporter "$BUILD/$arch/wire_exporter" -pgo=exporter/cpu.pgo
	compile "$arch" ./rules/backtest "$BUILD/$arch/wire_backtest"
	"$GO" run ./packaging/supply sbom "$BUILD/$arch/wire_exporter" >"$OUT/wire_exporter_$arch.cdx.json"
	for recipe in packaging/nfpm/*.yaml; do
		for packager in deb rpm; do
			"$nfpm" package --config "$recipe" --packager "$packager" --target "$OUT/"
		done
	done
done
rm -rf "$BUILD"
