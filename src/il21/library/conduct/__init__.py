"""What happens to patients in a trial besides their tumour: toxicity and death."""
