"""How well what comes back fits: photographs x selections x drifts, against an oracle.

    python -m bench.roundtrip            under ten minutes on two cores
    python -m bench.roundtrip --quick    under 90 seconds: smaller pictures, one shape each
    python -m bench.roundtrip --full     also pictures of 4 and 24 megapixels

The truth is a photograph. A model is simulated that paints exactly the truth, but drifts
(tests/drift); a method that undoes the drift gets the truth back. How the numbers stay honest:

- Ours gets what an edit gives it. What was sent holds *another* photograph inside the selection,
  so that nothing can be read off or copied from there. The methods beside it get the truth as
  the picture below: where they let it shine through (feather 8), that counts as right for them.
- All methods are composited through the same mask, rounded to 8 bits and measured there.
- Left out for every method, the oracle too: pixels whose colour the drift clipped and pixels that
  it moved past the border. Nobody can know them; the oracle would lose there to any good guess.
- No PSNR counts for more than 60 dB. All seeds are fixed by the case's name.
"""
