#!/bin/sh
# Builds the Debian package: build.sh VERSION ARCH DIRECTORY. The same commit
# gives the same bytes.
set -eu
cd "$(dirname "$0")/.."
version=$1 arch=$2 dist=$3
GO=${GO:-go}
case $arch in
armhf) GOARCH=arm GOARM=7 ;;
i386) GOARCH=386 GOARM= ;;
*) GOARCH=$arch GOARM= ;;
esac

when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$dist"

export CGO_ENABLED=0
stamp="-s -w -X main.version=$version"
GOARCH=$GOARCH GOARM=$GOARM $GO build -trimpath -ldflags "$stamp" -o "$stage/tollgate" ./cmd/tollgate
here=$stage/tollgate # one that runs on this machine
if [ "$GOARCH" != "$($GO env GOHOSTARCH)" ]; then
	here=$stage/here
	GOARCH='' $GO build -trimpath -ldflags "$stamp" -o "$here" ./cmd/tollgate
fi
"$here" man | gzip -9n >"$stage/tollgate.1.gz"
"$here" completion bash >"$stage/completion.bash"
"$here" completion zsh >"$stage/completion.zsh"
gzip -9n <CHANGELOG.md >"$stage/changelog.gz"

# Debian orders 0.1.0~dev before 0.1.0.
version=$(echo "$version" | tr - '~')
gzip -9n >"$stage/changelog.Debian.gz" <<END
tollgate ($version-1) unstable; urgency=medium

  * Tollgate $version: changelog.gz says what changed.

 -- The Tollgate maintainers <maintainers@tollgate.invalid>  $(LC_ALL=C date -u -R -d "@$when")
END

STAGE=$stage VERSION=$version ARCH=$arch SOURCE_DATE_EPOCH=$when \
	$GO tool -modfile=packaging/tools.mod nfpm package --config packaging/nfpm.yaml --packager deb \
	--target "$dist/tollgate_${version}_$arch.deb"
