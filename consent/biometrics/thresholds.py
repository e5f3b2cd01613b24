"""Cosines above which two embeddings are taken to be one person, for CenterFace with fr_feature.

Measured by `python -m consent.biometrics.evaluate` on LFW folds 1 to 5 (3,811 images, 7.26 million pairs of strangers, 4,414
pairs of one person; press photographs of adults, so good for choosing and not for claims):

    cosine                      .30      .40      .45      .50      .55
    strangers taken for one   2.7e-3   1.5e-4   2.5e-5   3.6e-6   6.9e-7
    one taken for strangers    1.6 %    5.4 %    8.9 %   14.3 %   23.2 %

The first line is per pair. Against n templates a stranger matches someone about n times as often: at .50 one face in 2,800
with 100 templates, one in three with 100,000. A large registry needs a stronger embedder, not a higher threshold.
"""

SAME_FACE = 0.50
"""A face in a frame is an enrolled, revoked or protected person's; also the enrolment's test for a face already taken."""

SAME_PERSON_PORTRAITS = 0.30
"""Portraits of one enrolment belong together. Looser, since the owner says they do, and nobody is refused for another's face."""

ENROLMENT_MIN_SHARPNESS = 30.0
"""Grey levels squared (`alignment.sharpness`): a portrait is compared for years, so it must be better than a passing frame."""

SAME_VOICE = 0.80
"""A voice in a clip is an enrolled, revoked or protected person's. Measured by `python -m consent.biometrics.evaluate_voices`; as
with faces the false matches grow with the number of voices enrolled."""

OWN_VOICE = 0.72
"""A voice in a clip may be the approved person's own: looser, since the question is whether somebody else speaks instead."""

SAME_VOICE_RECORDINGS = 0.72
"""Recordings of one enrolment belong together."""

TAKEN_VOICE = 0.90
"""An enrolment is refused as another account's voice: two people of the measured set reach .84, one person .95."""
