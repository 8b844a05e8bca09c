"""What has an agency decided? Designs as files: named steps, one rule class each."""
