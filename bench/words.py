"""Vocabulary of the synthetic knowledge base, commonest words first."""

# ruff: noqa: SIM905 - words are easier to read and to sort as prose

WORDS = """
muscle nerve magnesium twitching calcium potassium deficiency vitamin symptom cramp sodium signal level intake weakness
spasm tremor tissue serum channel membrane fibre motor neurone release uptake balance supply demand loss kidney bone
blood pressure stress caffeine sleep exercise fatigue hydration electrolyte mineral food leafy green seed nut legume
grain fish dairy fruit absorption transport enzyme receptor hormone parathyroid insulin glucose protein amino acid
lipid phosphate zinc iron copper selenium iodine manganese chromium thiamine riboflavin niacin folate cobalamin biotin
retinol tocopherol phylloquinone ascorbate choline carnitine taurine glutamate dopamine serotonin acetylcholine synapse
axon myelin ganglion cortex spinal reflex conduction threshold potential gradient osmosis dilution diuretic laxative
antacid statin steroid inhibitor agonist antagonist dose response cohort trial placebo baseline cluster median variance
interval estimate outcome adherence withdrawal relapse recovery onset duration severity frequency incidence prevalence
exposure excess shortage store turnover excretion filtration secretion metabolism oxidation reduction synthesis
degradation folding binding affinity saturation plateau peak trough rhythm season summer winter sunlight latitude
altitude heat sweat thirst appetite digestion stomach intestine colon liver pancreas spleen thyroid adrenal pituitary
hypothalamus eyelid calf thigh shoulder forearm tongue jaw diaphragm heart artery vein capillary oedema swelling
numbness tingling burning prickling soreness stiffness tightness paralysis atrophy dystrophy neuropathy myopathy
radiculopathy tetany hypocalcaemia hypokalaemia hypomagnesaemia hyponatraemia alkalosis acidosis anaemia ischaemia
inflammation infection allergy asthma diabetes migraine epilepsy pregnancy lactation infancy adolescence menopause
ageing frailty athlete vegan vegetarian fasting ketosis smoking alcohol coffee tea cocoa spinach kale chard almond
cashew walnut pumpkin sesame sunflower lentil chickpea bean pea soy oat barley rice wheat quinoa salmon sardine
mackerel tuna trout egg yoghurt cheese milk butter olive avocado banana orange apricot date fig raisin potato tomato
beetroot broccoli carrot garlic onion pepper mushroom seaweed liverwurst oyster mussel shrimp turkey chicken beef
""".split()

AUTHORS = """
Garrison Hawke Ibarra Jansson Kowalski Lindqvist Moreau Nakamura Okafor Petrov Quigley Rossi Silva Tanaka Ueda Varga
Weber Xu Yilmaz Zhang Abbott Banerjee Castillo Duarte Eriksen Fischer Ghosh Haddad
""".split()

JOURNALS = ["Annals of Synthetic Nutrition", "Journal of Invented Neurology", "Archives of Made-up Medicine"]
