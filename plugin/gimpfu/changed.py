"""Names that exist in GIMP 2.10 and in GIMP 3, but take or return something else there.

Called with 2.10's arguments they would do the wrong thing, so `pdb` refuses them until `spellings`
has an adapter. Computed from the signatures of 2.10.34, 3.0.4 and 3.2.6.
"""

from __future__ import annotations

_NAMES = """
    file-bmp-load file-bz2-load file-cel-load file-dds-load file-desktop-link-load
    file-dicom-load file-eps-load file-exr-load file-faxg3-load file-fits-load file-fli-info
    file-fli-load file-gbr-load file-gif-load file-gif-load-thumb file-gih-load file-gz-load
    file-heif-load file-hgt-load file-ico-load file-ico-load-thumb file-j2k-load
    file-jp2-load file-jpeg-load file-jpeg-load-thumb file-jpegxl-load file-pat-load
    file-pcx-load file-pdf-load file-pdf-load-thumb file-pix-load file-png-load
    file-pnm-load file-print-gtk file-ps-load file-ps-load-thumb file-psd-load
    file-psd-load-merged file-psd-load-thumb file-psp-load file-raw-load
    file-raw-placeholder-ari-load file-raw-placeholder-bay-load
    file-raw-placeholder-canon-load file-raw-placeholder-cine-load
    file-raw-placeholder-dng-load file-raw-placeholder-erf-load
    file-raw-placeholder-hasselblad-load file-raw-placeholder-kodak-load
    file-raw-placeholder-mef-load file-raw-placeholder-minolta-load
    file-raw-placeholder-mos-load file-raw-placeholder-nikon-load
    file-raw-placeholder-orf-load file-raw-placeholder-panasonic-load
    file-raw-placeholder-pef-load file-raw-placeholder-phaseone-load
    file-raw-placeholder-pxn-load file-raw-placeholder-qtk-load
    file-raw-placeholder-raf-load file-raw-placeholder-rdc-load
    file-raw-placeholder-rwl-load file-raw-placeholder-sinar-load
    file-raw-placeholder-sony-load file-raw-placeholder-srw-load
    file-raw-placeholder-x3f-load file-sgi-load file-sunras-load file-svg-load file-tga-load
    file-tiff-load file-webp-load file-wmf-load file-wmf-load-thumb file-xbm-load
    file-xmc-load file-xmc-load-thumb file-xpm-load file-xwd-load file-xz-load
    gimp-brush-get-angle gimp-brush-get-aspect-ratio gimp-brush-get-hardness
    gimp-brush-get-info gimp-brush-get-radius gimp-brush-get-shape gimp-brush-get-spacing
    gimp-brush-get-spikes gimp-brush-is-generated gimp-brush-new gimp-brush-set-angle
    gimp-brush-set-aspect-ratio gimp-brush-set-hardness gimp-brush-set-radius
    gimp-brush-set-shape gimp-brush-set-spacing gimp-brush-set-spikes gimp-brushes-get-list
    gimp-brushes-popup gimp-brushes-set-popup gimp-channel-new gimp-context-get-brush
    gimp-context-get-font gimp-context-get-gradient gimp-context-get-line-width-unit
    gimp-context-get-palette gimp-context-get-pattern gimp-context-set-brush
    gimp-context-set-font gimp-context-set-gradient gimp-context-set-line-width-unit
    gimp-context-set-palette gimp-context-set-pattern gimp-display-get-window-handle
    gimp-drawable-get-pixel gimp-drawable-offset gimp-drawable-set-pixel gimp-edit-copy
    gimp-edit-cut gimp-edit-named-copy gimp-edit-named-cut gimp-edit-paste gimp-file-load
    gimp-file-load-layer gimp-file-load-layers gimp-file-load-thumbnail gimp-file-save
    gimp-fonts-get-list gimp-fonts-popup gimp-fonts-set-popup gimp-get-default-unit
    gimp-gradient-get-custom-samples gimp-gradient-get-number-of-segments
    gimp-gradient-get-uniform-samples gimp-gradient-new
    gimp-gradient-segment-get-blending-function gimp-gradient-segment-get-coloring-type
    gimp-gradient-segment-get-left-color gimp-gradient-segment-get-left-pos
    gimp-gradient-segment-get-middle-pos gimp-gradient-segment-get-right-color
    gimp-gradient-segment-get-right-pos gimp-gradient-segment-range-blend-colors
    gimp-gradient-segment-range-blend-opacity gimp-gradient-segment-range-delete
    gimp-gradient-segment-range-flip gimp-gradient-segment-range-move
    gimp-gradient-segment-range-redistribute-handles gimp-gradient-segment-range-replicate
    gimp-gradient-segment-range-set-blending-function
    gimp-gradient-segment-range-set-coloring-type gimp-gradient-segment-range-split-midpoint
    gimp-gradient-segment-range-split-uniform gimp-gradient-segment-set-left-color
    gimp-gradient-segment-set-left-pos gimp-gradient-segment-set-middle-pos
    gimp-gradient-segment-set-right-color gimp-gradient-segment-set-right-pos
    gimp-gradients-get-list gimp-gradients-popup gimp-gradients-set-popup
    gimp-image-convert-color-profile-from-file gimp-image-get-unit gimp-image-pick-color
    gimp-image-set-color-profile-from-file gimp-image-set-unit gimp-layer-copy
    gimp-layer-new gimp-palette-add-entry gimp-palette-delete-entry gimp-palette-export-css
    gimp-palette-export-java gimp-palette-export-php gimp-palette-export-python
    gimp-palette-export-text gimp-palette-get-colors gimp-palette-get-columns
    gimp-palette-new gimp-palette-set-columns gimp-palettes-get-list gimp-palettes-popup
    gimp-palettes-set-popup gimp-pattern-get-info gimp-patterns-get-list gimp-patterns-popup
    gimp-patterns-set-popup gimp-progress-get-window-handle gimp-text-layer-get-font
    gimp-text-layer-get-font-size gimp-text-layer-new gimp-text-layer-set-font
    gimp-text-layer-set-font-size gimp-unit-new gimp-xcf-load gimp-xcf-save
    plug-in-align-layers plug-in-animationoptimize plug-in-animationoptimize-diff
    plug-in-animationplay plug-in-animationunoptimize plug-in-blinds plug-in-borderaverage
    plug-in-checkerboard plug-in-cml-explorer plug-in-colormap-remap plug-in-colormap-swap
    plug-in-compose plug-in-curve-bend plug-in-decompose plug-in-depth-merge
    plug-in-despeckle plug-in-destripe plug-in-drawable-compose plug-in-film plug-in-flame
    plug-in-fractalexplorer plug-in-gfig plug-in-gflare plug-in-gimpressionist
    plug-in-gradmap plug-in-grid plug-in-guillotine plug-in-hot plug-in-ifscompose
    plug-in-imagemap plug-in-jigsaw plug-in-lic plug-in-lighting plug-in-mail-image
    plug-in-map-object plug-in-metadata-editor plug-in-metadata-viewer plug-in-pagecurl
    plug-in-palettemap plug-in-qbist plug-in-recompose plug-in-retinex
    plug-in-sample-colorize plug-in-screenshot plug-in-sel2path plug-in-small-tiles
    plug-in-smooth-palette plug-in-sparkle plug-in-spheredesigner plug-in-tile plug-in-warp
    plug-in-wavelet-decompose plug-in-zealouscrop script-fu-add-bevel script-fu-addborder
    script-fu-blend-anim script-fu-burn-in-anim script-fu-carve-it script-fu-circuit
    script-fu-clothify script-fu-coffee-stain script-fu-difference-clouds
    script-fu-distress-selection script-fu-drop-shadow script-fu-font-map
    script-fu-fuzzy-border script-fu-gradient-example script-fu-guide-new
    script-fu-guide-new-percent script-fu-guides-from-selection script-fu-guides-remove
    script-fu-lava script-fu-line-nova script-fu-make-brush-elliptical
    script-fu-make-brush-elliptical-feathered script-fu-make-brush-rectangular
    script-fu-make-brush-rectangular-feathered script-fu-old-photo
    script-fu-perspective-shadow script-fu-reverse-layers script-fu-ripply-anim
    script-fu-round-corners script-fu-selection-round script-fu-selection-rounded-rectangle
    script-fu-set-cmap script-fu-slide script-fu-sota-chrome-it script-fu-spinning-globe
    script-fu-tile-blur script-fu-unsharp-mask script-fu-waves-anim script-fu-weave
    script-fu-xach-effect
"""
CHANGED = frozenset(_NAMES.split())
